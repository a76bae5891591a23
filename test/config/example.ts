/** The example of the format's description, as far as it is built. */
export const EXAMPLE = `
name: shop

images:
  base:
    size: 512M
    from:
      debian: { suite: bookworm, packages: [busybox-static, haproxy], variant: minbase }
  web:
    from: { image: base }
    copy: [{ from: ./site, to: /srv/www, mode: "0644", owner: "0:0" }]
    run: ["busybox --install -s /bin"]
    command: [busybox, httpd, -f, -p, "80", -h, /srv/www]
    environment: { LANG: C.UTF-8 }
    working_dir: /srv/www
  tar: { from: { tar: ./rootfs.tar.zst } }
  directory: { from: { directory: ./rootfs } }
  host: { from: { host: { binaries: [/bin/busybox, /usr/sbin/haproxy], files: [/etc/ssl/certs] } } }
  old: { external: true }

bridges:
  front: { subnet: 10.77.1.0/24, host: 10.77.1.1 }
  back:  { subnet: 10.77.2.0/24, isolated: true }
  lan:   { uplink: eth1 }

volumes:
  data: {}

containers:
  db:
    image: web
    command: [busybox, httpd, -f, -p, "8080", -h, /data]
    replicas: 1
    bridges:
      back: { address: 10.77.2.10, mac: "02:42:0a:4d:02:0A", aliases: [database] }
    volumes: ["data:/data", "./conf:/etc/app:ro"]
    environment: { MODE: prod }
    user: "1000:1000"
    limits:
      memory: 64M
      cpus: 0.5
      cpu_shares: 512
      cpuset: "0-1"
      pids: 100
    restart: always
    depends_on: { other: { condition: service_started } }
    stop_signal: SIGTERM
    stop_grace_period: 10s
    protect: false
    security: default
    cap_add: []
    cap_drop: []
    read_only: false
    tmpfs: [/run]
    sysctls: { net.core.somaxconn: 1024 }
    ulimits: { nofile: 4096 }
    hostname: db
    dns: [10.77.1.1]
    labels: { tier: data }
    runtime: crun
    logs: { max_size: 10M }
  other: { image: old }

farms:
  shop:
    servers:
      image: web
      replicas: 3
      bridges: [back]
      port: 80
      limits: { memory: 64M }
    proxy:
      image: base
      engine: haproxy
      bridges: { front: { address: 10.77.1.10 }, back: {} }
      listen: 80
      balance: roundrobin
      stats: 8404
`;

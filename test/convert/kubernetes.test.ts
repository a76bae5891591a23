import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { toKubernetes } from '../../src/convert/kubernetes/index.js';
import type { Converted } from '../../src/convert/stack.js';
import { lackingAny } from '../support/skip.js';
import { EXAMPLES, exampleOf, inputOf, outputWith, SHOP } from './convert.js';

/** The published schema of each kind; unknown keys are errors. */
const SCHEMAS: Record<string, string> = {
  Deployment: 'apps.v1',
  StatefulSet: 'apps.v1',
  Job: 'batch.v1',
  CronJob: 'batch.v1',
  Service: 'core.v1',
  ConfigMap: 'core.v1',
  Secret: 'core.v1',
  PersistentVolumeClaim: 'core.v1',
  NetworkPolicy: 'networking.v1',
};
const published = JSON.parse(readFileSync('test/convert/kubernetes-1.30.json', 'utf8'));
const ajv = new Ajv({ strict: true, validateFormats: false, allErrors: true });
ajv.addSchema(published, 'kubernetes');
const validators = new Map<string, ValidateFunction>();

// biome-ignore lint/suspicious/noExplicitAny: manifests are plain data of many kinds
type Manifest = any;

function errorsOf(manifest: Manifest): string[] {
  const { kind } = manifest;
  const group = SCHEMAS[kind];
  if (group === undefined) return [`no schema of ${kind}`];
  const ref = `kubernetes#/definitions/io.k8s.api.${group}.${kind}`;
  const validate = validators.get(kind) ?? ajv.compile({ $ref: ref });
  validators.set(kind, validate);
  return validate(manifest)
    ? []
    : (validate.errors ?? []).map((each) => `${kind}${each.instancePath} ${each.message}`);
}

/** All objects of the manifests, read by YAML 1.1, as Kubernetes reads them. */
const objectsOf = ({ files }: Converted): Manifest[] =>
  files
    .filter(({ name }) => /\.yaml$/.test(name) && name !== 'kustomization.yaml')
    .flatMap(({ text }) => parseAllDocuments(text, { version: '1.1' }).map((each) => each.toJS()));

const converted = (text: string) => objectsOf(toKubernetes(inputOf(text)));

const only = (text: string, kind: string): Manifest => {
  const found = converted(text).filter((each) => each.kind === kind);
  expect(found.flatMap(errorsOf)).toEqual([]);
  return found[0];
};

/** A stack of one container with these keys. */
const withKeys = (keys: string) =>
  `name: s\nimages: { a: { from: { registry: a } } }\ncontainers:\n  c:\n    image: a\n${keys.replaceAll(/^/gm, '    ')}\n`;

const containerOf = (keys: string, kind = 'Deployment'): Manifest =>
  only(withKeys(keys), kind).spec.template.spec.containers[0];

describe('convert --to kubernetes', () => {
  it('writes manifests and a kustomization', () => {
    const made = toKubernetes(inputOf(SHOP));
    expect(
      made.files.map(({ name, text }) => `# ${name}\n${text}`).join(''),
    ).toMatchInlineSnapshot(`
      "# kustomization.yaml
      apiVersion: kustomize.config.k8s.io/v1beta1
      kind: Kustomization
      resources:
        - workloads/db-1.yaml
        - workloads/shop-server.yaml
        - workloads/shop-proxy.yaml
        - workloads/clean.yaml
        - volumes.yaml
        - network-policies.yaml
      secretGenerator:
        - name: token
          files:
            - token=./token.txt
      configMapGenerator:
        - name: shop-proxy
          files:
            - haproxy.cfg=configs/shop-proxy-haproxy.cfg
        - name: motd
          files:
            - motd=configs/motd-motd
      # workloads/db-1.yaml
      apiVersion: apps/v1
      kind: StatefulSet
      metadata:
        name: db-1
        labels:
          app.kubernetes.io/name: db-1
          app.kubernetes.io/part-of: shop
      spec:
        serviceName: db-1
        replicas: 1
        selector:
          matchLabels:
            app.kubernetes.io/name: db-1
        template:
          metadata:
            labels:
              app.kubernetes.io/name: db-1
              app.kubernetes.io/part-of: shop
              bridge.baleine/back: "true"
              team: a
          spec:
            automountServiceAccountToken: false
            enableServiceLinks: false
            containers:
              - name: db-1
                image: app
                volumeMounts:
                  - name: volume-1
                    mountPath: /run
                  - name: volume-2
                    mountPath: /tmp
                  - name: volume-3
                    mountPath: /data
                  - name: volume-4
                    mountPath: /conf
                    readOnly: true
                  - name: volume-5
                    mountPath: /run/secrets/token
                    readOnly: true
                    subPath: content
                  - name: volume-6
                    mountPath: /motd
                    readOnly: true
                    subPath: content
                  - name: volume-7
                    mountPath: /cache
                securityContext:
                  runAsUser: 1000
                  runAsGroup: 1000
                  allowPrivilegeEscalation: false
                  capabilities:
                    drop:
                      - AUDIT_WRITE
                      - MKNOD
                      - NET_RAW
                  seccompProfile:
                    type: RuntimeDefault
                  readOnlyRootFilesystem: true
                args:
                  - serve
                  - a b
                  - 100%
                  - $HOME
                env:
                  - name: A
                    value: it's "x"
                  - name: NUMBER
                    value: "0x1F"
                resources:
                  limits:
                    cpu: "0.5"
                    memory: "67108864"
                readinessProbe:
                  exec:
                    command:
                      - ping
                      - db
                  periodSeconds: 10
                  timeoutSeconds: 2
                  failureThreshold: 3
                livenessProbe:
                  exec:
                    command:
                      - ping
                      - db
                  periodSeconds: 10
                  timeoutSeconds: 2
                  failureThreshold: 3
            terminationGracePeriodSeconds: 30
            securityContext:
              fsGroup: 1000
            volumes:
              - name: volume-1
                emptyDir:
                  medium: Memory
              - name: volume-2
                emptyDir:
                  medium: Memory
              - name: volume-3
                persistentVolumeClaim:
                  claimName: data
              - name: volume-4
                hostPath:
                  path: /srv/shop/conf
                  type: ""
              - name: volume-5
                secret:
                  secretName: token
                  items:
                    - key: token
                      path: content
                      mode: 256
              - name: volume-6
                configMap:
                  name: motd
                  items:
                    - key: motd
                      path: content
                      mode: 292
              - name: volume-7
                emptyDir:
                  medium: Memory
                  sizeLimit: "1048576"
      ---
      apiVersion: v1
      kind: Service
      metadata:
        name: db-1
        labels:
          app.kubernetes.io/name: db-1
          app.kubernetes.io/part-of: shop
      spec:
        clusterIP: None
        selector:
          app.kubernetes.io/name: db-1
      # workloads/shop-server.yaml
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: shop-server
        labels:
          app.kubernetes.io/name: shop-server
          app.kubernetes.io/part-of: shop
      spec:
        replicas: 3
        selector:
          matchLabels:
            app.kubernetes.io/name: shop-server
        strategy:
          type: RollingUpdate
          rollingUpdate:
            maxSurge: 2
            maxUnavailable: 0
        template:
          metadata:
            labels:
              app.kubernetes.io/name: shop-server
              app.kubernetes.io/part-of: shop
              bridge.baleine/back: "true"
          spec:
            automountServiceAccountToken: false
            enableServiceLinks: false
            containers:
              - name: shop-server
                image: nginx:1.27
                securityContext:
                  allowPrivilegeEscalation: false
                  capabilities:
                    drop:
                      - AUDIT_WRITE
                      - MKNOD
                      - NET_RAW
                  seccompProfile:
                    type: RuntimeDefault
                readinessProbe:
                  httpGet:
                    port: 80
                    path: /ok
                  periodSeconds: 30
                  timeoutSeconds: 2
                  failureThreshold: 3
                livenessProbe:
                  httpGet:
                    port: 80
                    path: /ok
                  periodSeconds: 30
                  timeoutSeconds: 2
                  failureThreshold: 3
                lifecycle:
                  preStop:
                    sleep:
                      seconds: 3
            terminationGracePeriodSeconds: 13
        minReadySeconds: 5
      ---
      apiVersion: v1
      kind: Service
      metadata:
        name: shop-server
        labels:
          app.kubernetes.io/name: shop-server
          app.kubernetes.io/part-of: shop
      spec:
        clusterIP: None
        selector:
          app.kubernetes.io/name: shop-server
      # configs/shop-proxy-haproxy.cfg
      # farm shop, written by baleine: change baleine.yaml instead
      global
          log stdout format raw local0 notice
          stats socket /dev/shm/proxy.sock mode 600 level admin
          close-spread-time infinite
          uid 65534
          gid 65534

      defaults
          mode http
          log global
          option redispatch 1
          retries 3
          retry-on conn-failure empty-response response-timeout
          timeout connect 2s
          timeout client 30s
          timeout server 30s
          timeout http-request 10s
          option forwardfor
          timeout http-keep-alive 10s

      frontend shop
          bind :80
          http-after-response set-header connection close if { stopping }
          default_backend shop-servers

      backend shop-servers
          balance roundrobin
          cookie baleine insert indirect nocache httponly dynamic
          dynamic-cookie-key shop
          option httpchk
          http-check send meth GET uri /ok ver HTTP/1.1 hdr Host localhost
          http-check expect status 200-399
          timeout check 2000ms
          default-server check fall 2 rise 1 inter 1000ms
          server-template shop-server- 5 "shop-server.\${POD_NAMESPACE}.svc.cluster.local:80" resolvers names init-addr none

      resolvers names
          parse-resolv-conf
          accepted_payload_size 8192
          timeout resolve 1s
          timeout retry 1s
          hold valid 1s
      # workloads/shop-proxy.yaml
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: shop-proxy
        labels:
          app.kubernetes.io/name: shop-proxy
          app.kubernetes.io/part-of: shop
      spec:
        replicas: 1
        selector:
          matchLabels:
            app.kubernetes.io/name: shop-proxy
        strategy:
          type: Recreate
        template:
          metadata:
            labels:
              app.kubernetes.io/name: shop-proxy
              app.kubernetes.io/part-of: shop
              bridge.baleine/front: "true"
              bridge.baleine/back: "true"
              baleine/proxy: "true"
          spec:
            automountServiceAccountToken: false
            enableServiceLinks: false
            containers:
              - name: shop-proxy
                image: app
                volumeMounts:
                  - name: volume-1
                    mountPath: /etc/baleine/haproxy.cfg
                    readOnly: true
                    subPath: content
                securityContext:
                  runAsUser: 0
                  runAsGroup: 0
                  allowPrivilegeEscalation: false
                  capabilities:
                    drop:
                      - AUDIT_WRITE
                      - MKNOD
                      - NET_RAW
                  seccompProfile:
                    type: RuntimeDefault
                command:
                  - haproxy
                  - -W
                  - -db
                  - -f
                  - /etc/baleine/haproxy.cfg
                env:
                  - name: POD_NAMESPACE
                    valueFrom:
                      fieldRef:
                        fieldPath: metadata.namespace
            terminationGracePeriodSeconds: 10
            volumes:
              - name: volume-1
                configMap:
                  name: shop-proxy
                  items:
                    - key: haproxy.cfg
                      path: content
      ---
      apiVersion: v1
      kind: Service
      metadata:
        name: shop-proxy
        labels:
          app.kubernetes.io/name: shop-proxy
          app.kubernetes.io/part-of: shop
      spec:
        clusterIP: None
        selector:
          app.kubernetes.io/name: shop-proxy
      ---
      apiVersion: v1
      kind: Service
      metadata:
        name: shop
        labels:
          app.kubernetes.io/name: shop-proxy
          app.kubernetes.io/part-of: shop
      spec:
        clusterIP: None
        selector:
          app.kubernetes.io/name: shop-proxy
      ---
      apiVersion: v1
      kind: Service
      metadata:
        name: shop-proxy-published
        labels:
          app.kubernetes.io/name: shop-proxy
          app.kubernetes.io/part-of: shop
      spec:
        type: LoadBalancer
        externalTrafficPolicy: Local
        selector:
          app.kubernetes.io/name: shop-proxy
        ports:
          - name: tcp-8080
            port: 8080
            targetPort: 80
            protocol: TCP
      # workloads/clean.yaml
      apiVersion: batch/v1
      kind: CronJob
      metadata:
        name: clean
        labels:
          app.kubernetes.io/name: clean
          app.kubernetes.io/part-of: shop
      spec:
        schedule: 30 4 * * 1-5
        jobTemplate:
          spec:
            template:
              metadata:
                labels:
                  app.kubernetes.io/name: clean
                  app.kubernetes.io/part-of: shop
              spec:
                automountServiceAccountToken: false
                enableServiceLinks: false
                containers:
                  - name: clean
                    image: app
                    securityContext:
                      allowPrivilegeEscalation: false
                      capabilities:
                        drop:
                          - AUDIT_WRITE
                          - MKNOD
                          - NET_RAW
                      seccompProfile:
                        type: RuntimeDefault
                    args:
                      - clean
                terminationGracePeriodSeconds: 10
                restartPolicy: Never
            activeDeadlineSeconds: 60
            backoffLimit: 2
        concurrencyPolicy: Forbid
        successfulJobsHistoryLimit: 5
        failedJobsHistoryLimit: 5
      # volumes.yaml
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata:
        name: data
      spec:
        accessModes:
          - ReadWriteOnce
        resources:
          requests:
            storage: "1073741824"
      # network-policies.yaml
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: default-deny
        labels:
          app.kubernetes.io/part-of: shop
      spec:
        podSelector:
          matchLabels:
            app.kubernetes.io/part-of: shop
        policyTypes:
          - Ingress
          - Egress
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: bridge-front
        labels:
          app.kubernetes.io/part-of: shop
      spec:
        podSelector:
          matchLabels:
            app.kubernetes.io/part-of: shop
            bridge.baleine/front: "true"
        policyTypes:
          - Ingress
          - Egress
        ingress:
          - from:
              - podSelector:
                  matchLabels:
                    app.kubernetes.io/part-of: shop
                    bridge.baleine/front: "true"
        egress:
          - to:
              - podSelector:
                  matchLabels:
                    app.kubernetes.io/part-of: shop
                    bridge.baleine/front: "true"
          - to:
              - namespaceSelector:
                  matchLabels:
                    kubernetes.io/metadata.name: kube-system
            ports:
              - port: 53
                protocol: UDP
              - port: 53
                protocol: TCP
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: bridge-back
        labels:
          app.kubernetes.io/part-of: shop
      spec:
        podSelector:
          matchLabels:
            app.kubernetes.io/part-of: shop
            bridge.baleine/back: "true"
        policyTypes:
          - Ingress
          - Egress
        ingress:
          - from:
              - podSelector:
                  matchLabels:
                    app.kubernetes.io/part-of: shop
                    bridge.baleine/back: "true"
        egress:
          - to:
              - podSelector:
                  matchLabels:
                    app.kubernetes.io/part-of: shop
                    bridge.baleine/back: "true"
          - to:
              - namespaceSelector:
                  matchLabels:
                    kubernetes.io/metadata.name: kube-system
            ports:
              - port: 53
                protocol: UDP
              - port: 53
                protocol: TCP
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: shop-proxy-published
        labels:
          app.kubernetes.io/part-of: shop
      spec:
        podSelector:
          matchLabels:
            app.kubernetes.io/name: shop-proxy
            app.kubernetes.io/part-of: shop
        policyTypes:
          - Ingress
        ingress:
          - ports:
              - port: 80
                protocol: TCP
      # configs/motd-motd
      costs $5
      "
    `);
    expect(made.lost).toMatchInlineSnapshot(`
      [
        "baleine.yaml:20:15: containers.db_1.volumes.0 is lost: what the image has at /data is not copied into a new volume",
        "baleine.yaml:26:39: containers.db_1.limits.pids is lost: a pod has no such setting",
        "baleine.yaml:6:12: bridges.front.subnet is lost: pods have addresses of the cluster",
        "baleine.yaml:6:33: bridges.front.host is lost: the nodes have addresses of their own",
        "baleine.yaml:7:11: bridges.back.subnet is lost: pods have addresses of the cluster",
      ]
    `);
    expect(made.notes).toMatchInlineSnapshot(`
      [
        "baleine.yaml:4:3: image app is in no registry: give --registry HOST/PATH and push it: baleine image push app HOST/PATH/app",
        "baleine.yaml:15:3: db_1 is db-1 there: others reach it by that name",
        "baleine.yaml:20:29: /srv/shop/conf is a path of the node that the pod runs on",
      ]
    `);
    expect(objectsOf(made).flatMap(errorsOf)).toEqual([]);
  });

  it.each(EXAMPLES)('%s conforms to the schema of Kubernetes', (path) => {
    const objects = objectsOf(toKubernetes(exampleOf(path)));
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.flatMap(errorsOf)).toEqual([]);
  });

  it('the schema refuses an unknown key, wherever it is', () => {
    const [first] = converted(SHOP);
    first.spec.template.spec.containers[0].imagePolicy = 'Always';
    expect(errorsOf(first)).toEqual([
      'StatefulSet/spec/template/spec/containers/0 must NOT have additional properties',
    ]);
  });

  it.skipIf(lackingAny('kubectl'))('kustomize builds it, and names what it generates', () => {
    const made = toKubernetes(inputOf(SHOP));
    const files = [...made.files, { name: 'token.txt', text: 'hush' }];
    const built = parseAllDocuments(outputWith(files, 'kubectl', 'kustomize', '.')).map((each) =>
      each.toJS(),
    );
    expect(built.flatMap(errorsOf)).toEqual([]);
    const secret = built.find(({ kind }) => kind === 'Secret');
    const set = built.find(({ kind }) => kind === 'StatefulSet');
    expect(secret.metadata.name).toMatch(/^token-\w{10}$/);
    expect(JSON.stringify(set)).toContain(`"secretName":"${secret.metadata.name}"`);
    expect(secret.data).toEqual({ token: Buffer.from('hush').toString('base64') });
  });

  it('is one stream without a folder, which refers to no file', () => {
    const made = toKubernetes(inputOf(SHOP, { isStream: true }));
    expect(made.files.map(({ name }) => name)).toEqual(['stack.yaml']);
    const objects = objectsOf(made);
    expect(objects.flatMap(errorsOf)).toEqual([]);
    const motd = objects.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'motd',
    );
    expect(motd.data).toEqual({ motd: 'costs $5\n' });
    expect(made.notes.filter((each) => each.includes('token'))).toEqual([
      'baleine.yaml:11:3: token must be created first: kubectl create secret generic token --from-file=token=./token.txt',
    ]);
  });

  it('says how kustomize reads a secret above its folder', () => {
    const made = toKubernetes(inputOf(SHOP, { directory: '/srv/shop/k8s' }));
    expect(made.files[0]?.text).toContain('- token=../token.txt\n');
    expect(made.notes).toContain(
      'baleine.yaml:11:3: token comes from above the folder: kubectl kustomize --load-restrictor LoadRestrictionsNone DIR | kubectl apply -f -',
    );
  });

  it.skipIf(lackingAny('haproxy'))('HAProxy accepts the configuration of a proxy', () => {
    const { files } = toKubernetes(inputOf(SHOP));
    outputWith(
      files,
      'env',
      'POD_NAMESPACE=default',
      'haproxy',
      '-c',
      '-f',
      'configs/shop-proxy-haproxy.cfg',
    );
  });

  it('escapes what Kubernetes would replace', () => {
    const { args, env } = containerOf(
      `command: [a, "$$(B)", "$$$$(C)", "$$D", "$$$$", "$$"]\nenvironment: { A: "$$(B)" }`,
    );
    expect(args).toEqual(['a', '$$(B)', '$$$$(C)', '$D', '$$$', '$']);
    expect(env).toEqual([{ name: 'A', value: '$$(B)' }]);
  });

  it('never gives two resources one name', () => {
    const { kind, metadata } = only(
      'name: s_1_\nimages: { a: { from: { registry: a } } }\ncontainers: { 1_db: { image: a } }\n',
      'Deployment',
    );
    expect([kind, metadata.name, metadata.labels]).toEqual([
      'Deployment',
      'x1-db',
      { 'app.kubernetes.io/name': 'x1-db', 'app.kubernetes.io/part-of': 's-1' },
    ]);
    const both = converted(
      'name: s\nimages: { a: { from: { registry: a } } }\ncontainers: { a_b: { image: a }, a-b: { image: a } }\n',
    );
    const names = both
      .filter((each) => each.kind === 'Deployment')
      .map((each) => each.metadata.name);
    expect(names[0]).toBe('a-b');
    expect(names[1]).toMatch(/^a-b-[0-9a-f]{6}$/);
  });

  it('keeps a container that may end as a Job', () => {
    expect(only(withKeys('restart: "no"'), 'Job').spec).toMatchObject({
      backoffLimit: 0,
      template: { spec: { restartPolicy: 'Never' } },
    });
    expect(only(withKeys('restart: on-failure:4'), 'Job').spec).toMatchObject({
      backoffLimit: 4,
      template: { spec: { restartPolicy: 'OnFailure' } },
    });
  });

  it('has probes for a health check', () => {
    const made = containerOf(
      'healthcheck: { http: { port: 80, path: /ok, status: 200 }, interval: 5s, start_period: 20s, on_failure: none }',
    );
    const probe = { httpGet: { port: 80, path: '/ok' }, periodSeconds: 5, timeoutSeconds: 2 };
    expect(made.readinessProbe).toEqual({ ...probe, failureThreshold: 3 });
    expect(made.startupProbe).toEqual({ ...probe, failureThreshold: 7 });
    expect(made.livenessProbe).toBeUndefined();
  });

  it('drops and adds capabilities as the container has them', () => {
    const of = (keys: string) => containerOf(keys).securityContext.capabilities;
    expect(of('cap_add: [NET_RAW]')).toEqual({ add: ['NET_RAW'], drop: ['AUDIT_WRITE', 'MKNOD'] });
    expect(of('cap_drop: [ALL]\ncap_add: [CHOWN]')).toEqual({
      add: ['CHOWN'],
      drop: ['AUDIT_WRITE', 'MKNOD', 'NET_RAW', 'ALL'],
    });
    expect(of('security: unconfined')).toEqual({ add: ['ALL'] });
  });

  it('gives what a user must read or write to its group', () => {
    const of = (keys: string, kind?: string) =>
      only(
        `${withKeys(keys)}volumes: { v: {} }\nsecrets: { t: { file: t } }\n`,
        kind ?? 'Deployment',
      ).spec.template.spec;
    expect(of('user: "1:2"\nvolumes: ["v:/v"]', 'StatefulSet').securityContext).toEqual({
      fsGroup: 2,
    });
    expect(of('user: "1"\nsecrets: [{ source: t, mode: 0400 }]').securityContext).toEqual({
      fsGroup: 1,
    });
    expect(of('user: "1"\nsecrets: [t]').securityContext).toBeUndefined();
    expect(of('volumes: ["v:/v"]', 'StatefulSet').securityContext).toBeUndefined();
  });

  it('loses what no object can say', () => {
    const made = toKubernetes(
      inputOf(
        withKeys(
          'environment: { "a@b": x, A: y }\nlabels: { "a@b": x, k: "not a label value!" }\nhostname: A_b\nseccomp: unconfined\nbridges: [n]',
        ).concat('bridges: { n: { subnet: auto, host: auto } }\n'),
      ),
    );
    expect(made.lost).toEqual([
      'baleine.yaml:6:20: containers.c.environment.a@b is lost: a variable has letters, digits, - _ and . alone',
      'baleine.yaml:8:5: containers.c.hostname is lost: the name of a pod has small letters, digits and - alone',
      'baleine.yaml:7:15: containers.c.labels.a@b is lost: a label has no such name',
    ]);
    const [{ spec }] = objectsOf(made);
    expect(spec.template.metadata.annotations).toEqual({ k: 'not a label value!' });
    expect(spec.template.spec.containers[0].securityContext.seccompProfile).toEqual({
      type: 'Unconfined',
    });
  });

  it('opens of a way out what its rules allow', () => {
    const policies = converted(`name: s
images: { a: { from: { registry: a } } }
bridges: { n: { subnet: 10.9.1.0/24, host: auto, egress: { allow: [10.0.0.0/8, 10.1.1.0/24], deny: [10.1.0.0/16, 192.168.0.0/16] } } }
containers: { c: { image: a, bridges: [n] } }
`).filter((each) => each.kind === 'NetworkPolicy');
    expect(policies.flatMap(errorsOf)).toEqual([]);
    expect(policies[1].spec.egress[2].to).toEqual([
      { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
      { ipBlock: { cidr: '10.1.1.0/24' } },
    ]);
  });

  it('lets isolated members reach proxies alone', () => {
    const policies = converted(`name: s
images: { a: { from: { registry: a } } }
bridges: { n: { subnet: 10.9.1.0/24, host: auto, members: isolated } }
containers: { c: { image: a, bridges: [n] } }
`).filter((each) => each.kind === 'NetworkPolicy');
    expect(policies.flatMap(errorsOf)).toEqual([]);
    const [part, bridge] = [{ 'app.kubernetes.io/part-of': 's' }, { 'bridge.baleine/n': 'true' }];
    const proxies = { 'baleine/proxy': 'true' };
    const labelsOf = (rules: Manifest[], side: 'from' | 'to') =>
      rules[0][side][0].podSelector.matchLabels;
    const [, members, ofProxies] = policies.map(({ spec }) => spec);
    expect(members.podSelector.matchLabels).toEqual({ ...part, ...bridge });
    expect(labelsOf(members.ingress, 'from')).toEqual({ ...part, ...bridge, ...proxies });
    expect(labelsOf(members.egress, 'to')).toEqual({ ...part, ...bridge, ...proxies });
    expect(ofProxies.podSelector.matchLabels).toEqual({ ...part, ...bridge, ...proxies });
    expect(labelsOf(ofProxies.egress, 'to')).toEqual({ ...part, ...bridge });
  });

  it('asks for a volume that several pods can mount', () => {
    const of = (replicas: number) => {
      const text = withKeys(`replicas: ${replicas}\nvolumes: ["v:/v"]`).concat(
        'volumes: { v: {} }\n',
      );
      const made = toKubernetes(inputOf(text));
      const claim = objectsOf(made).find(({ kind }) => kind === 'PersistentVolumeClaim');
      return [claim.spec.accessModes, claim.spec.resources.requests.storage, made.notes];
    };
    const sized = 'baleine.yaml:8:12: volume v has no size: its claim asks for 1 GiB';
    expect(of(1)).toEqual([['ReadWriteOnce'], '1073741824', [sized]]);
    expect(of(2)).toEqual([
      ['ReadWriteMany'],
      '1073741824',
      [
        'baleine.yaml:8:12: several pods mount v: its storage class must offer ReadWriteMany',
        sized,
      ],
    ]);
  });

  it('lists the days of a job of which one is enough', () => {
    const scheduleOf = (schedule: string) =>
      only(
        `name: s\nimages: { a: { from: { registry: a } } }\njobs: { j: { image: a, schedule: "${schedule}" } }\n`,
        'CronJob',
      ).spec.schedule;
    expect(scheduleOf('*/5 4 * * mon-fri')).toBe('*/5 4 * * mon-fri');
    expect(scheduleOf('@daily')).toBe('@daily');
    // a step of all days is no restriction for Kubernetes, and is one here
    expect(scheduleOf('*/5 4 */10 * 1')).toBe('*/5 4 1,11,21,31 * 1');
  });

  it('loses the job whose time a CronJob does not know', () => {
    const made = toKubernetes(
      inputOf(
        'name: s\nimages: { a: { from: { registry: a } } }\njobs: { j: { image: a, schedule: "0 4 L * *" } }\n',
      ),
    );
    expect(objectsOf(made)).toEqual([]);
    expect(made.lost).toEqual([
      'baleine.yaml:3:24: jobs.j.schedule is lost: a CronJob has no 0 4 L * *',
    ]);
  });
});

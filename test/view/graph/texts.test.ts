import { expect, it } from 'vitest';
import { dotGraph } from '../../../src/view/graph/dot.js';
import { mermaidGraph } from '../../../src/view/graph/mermaid.js';
import { EMPTY, SHOP } from './sample.js';

it('writes mermaid', () => {
  expect(mermaidGraph(SHOP)).toBe(`%% stack shop
flowchart TB
  host(["host"])
  b1{{"front<br>10.77.1.0/24"}}
  b2{{"lan<br>no subnet<br>imperative"}}
  b3{{"back<br>10.77.2.0/24<br>missing<br>isolated"}}
  subgraph f1["farm web"]
    c4["web-proxy<br>running, healthy<br>image base<br>port 8080 → 80<br>port 127.0.0.1:8443 → 443"]
    c5["web-server-1<br>running<br>image base"]
    c6["web-server-2<br>exited (137 SIGKILL, out of memory)<br>image base"]
  end
  c1["db<br>running<br>image postgres"]
  c2["forwarder<br>running<br>image forwarder"]
  c3["job<br>exited (0)<br>image base"]
  v1[("data")]
  v2[("spare")]
  host ---|"10.77.1.1"| b1
  host ---|"uplink eth#34;1"| b2
  b3 ---|"10.77.2.9"| c1
  c1 -.- v1
  host --- c2
  b1 ---|"10.77.1.10"| c4
  b2 --- c4
  b3 ---|"10.77.2.1"| c4
  b3 ---|"10.77.2.2"| c5
  b3 ---|"10.77.2.3"| c6
  classDef good fill:#e3f4e8,stroke:#2c8a4b,color:#14532d
  class c1,c2,c4,c5 good
  classDef bad fill:#fde4e1,stroke:#c5362b,color:#7a1811
  class c6 bad
  classDef idle fill:#eef0f3,stroke:#8a93a0,color:#3d4450
  class c3 idle
`);
});

it('writes dot', () => {
  expect(dotGraph(SHOP)).toBe(`graph "shop" {
  graph [fontname="Helvetica", rankdir=TB, nodesep=0.25, ranksep=0.6]
  node [fontname="Helvetica", fontsize=11, style="filled,rounded", shape=box]
  edge [fontname="Helvetica", fontsize=9, color="#8a93a0"]
  host [label="host", shape=oval, fillcolor="#ffffff"]
  b1 [label="front\\n10.77.1.0/24", shape=hexagon, style=filled, fillcolor="#dfe8fa"]
  b2 [label="lan\\nno subnet\\nimperative", shape=hexagon, style=filled, fillcolor="#dfe8fa"]
  b3 [label="back\\n10.77.2.0/24\\nmissing\\nisolated", shape=hexagon, style=filled, fillcolor="#dfe8fa"]
  subgraph cluster_f1 {
    label="farm web"
    color="#8a93a0"
    c4 [label="web-proxy\\nrunning, healthy\\nimage base\\nport 8080 → 80\\nport 127.0.0.1:8443 → 443", fillcolor="#e3f4e8", color="#2c8a4b"]
    c5 [label="web-server-1\\nrunning\\nimage base", fillcolor="#e3f4e8", color="#2c8a4b"]
    c6 [label="web-server-2\\nexited (137 SIGKILL, out of memory)\\nimage base", fillcolor="#fde4e1", color="#c5362b"]
  }
  c1 [label="db\\nrunning\\nimage postgres", fillcolor="#e3f4e8", color="#2c8a4b"]
  c2 [label="forwarder\\nrunning\\nimage forwarder", fillcolor="#e3f4e8", color="#2c8a4b"]
  c3 [label="job\\nexited (0)\\nimage base", fillcolor="#eef0f3", color="#8a93a0"]
  v1 [label="data", shape=cylinder, style=filled, fillcolor="#eef0f3"]
  v2 [label="spare", shape=cylinder, style=filled, fillcolor="#eef0f3"]
  host -- b1 [label="10.77.1.1"]
  host -- b2 [label="uplink eth\\"1"]
  b3 -- c1 [label="10.77.2.9"]
  c1 -- v1 [style=dashed]
  host -- c2
  b1 -- c4 [label="10.77.1.10"]
  b2 -- c4
  b3 -- c4 [label="10.77.2.1"]
  b3 -- c5 [label="10.77.2.2"]
  b3 -- c6 [label="10.77.2.3"]
}
`);
});

it('draws an empty stack', () => {
  expect(mermaidGraph(EMPTY)).toBe('%% stack nothing\nflowchart TB\n');
  expect(dotGraph(EMPTY).split('\n').slice(4)).toEqual(['}', '']);
});

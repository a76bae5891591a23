// Keeps the page up to date: replaces only the nodes that have changed, so that focus, selection and
// scroll position stay.

const connection = document.getElementById('connection');
const source = new EventSource('/live');

source.addEventListener('open', () => showConnection('live', 'live'));
source.addEventListener('error', () => showConnection('lost', 'not connected'));
source.addEventListener('message', ({ data }) => {
  for (const [name, content] of Object.entries(JSON.parse(data))) show(name, content);
});

function showConnection(kind, text) {
  document.documentElement.dataset.connection = kind;
  connection.textContent = text;
}

function show(name, content) {
  if (name === 'title') document.title = content;
  const text = document.querySelector(`[data-text="${name}"]`);
  if (text && text.textContent !== content) text.textContent = content;
  const part = document.querySelector(`[data-part="${name}"]`);
  if (!part) return;
  const wanted = part.cloneNode(false);
  wanted.innerHTML = content;
  followChildren(part, wanted);
}

function followChildren(node, wanted) {
  const next = [...wanted.childNodes];
  for (const [index, child] of [...node.childNodes].entries()) {
    if (index >= next.length) child.remove();
    else if (alike(child, next[index])) follow(child, next[index]);
    else child.replaceWith(next[index]);
  }
  node.append(...next.slice(node.childNodes.length));
}

/** Whether one node can be changed into the other. */
function alike(node, wanted) {
  return node.nodeName === wanted.nodeName && node.id === wanted.id;
}

function follow(node, wanted) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.nodeValue !== wanted.nodeValue) node.nodeValue = wanted.nodeValue;
    return;
  }
  for (const { name } of [...node.attributes]) {
    if (!wanted.hasAttribute(name)) node.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  followChildren(node, wanted);
}

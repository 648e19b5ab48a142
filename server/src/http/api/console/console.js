// Lists what the OpenAPI document has, and sends what is filled in.

const page = document.querySelector('#operations');
const bearer = document.querySelector('#bearer');

/** An element with properties and children. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A UUID of version 7. */
function uuid7() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const now = BigInt(Date.now());
  for (let at = 0; at < 6; at += 1) {
    bytes[at] = Number((now >> BigInt(40 - 8 * at)) & 0xffn);
  }
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A value that a schema allows, to begin with. */
function example(schema, schemas, depth = 0) {
  if (schema.$ref) {
    return example(schemas[schema.$ref.split('/').at(-1)], schemas, depth + 1);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const choice = schema.oneOf ?? schema.anyOf;
  if (choice) return depth > 8 ? null : example(choice[0], schemas, depth + 1);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties).map(([name, of]) => [name, example(of, schemas, depth + 1)]),
      );
    case 'array':
      return [];
    case 'integer':
      return schema.minimum ?? 0;
    case 'boolean':
      return false;
    default:
      return '';
  }
}

/** Who may do it, in words. */
function callers(security) {
  return security
    .map((way) => ('person' in way ? 'people' : `services with ${way.service.join(' or ')}`))
    .join(', ');
}

/** Sends what is filled in, and shows what comes back. */
async function send(method, path, fields, body, answer) {
  let address = path;
  const query = new URLSearchParams();
  const headers = { authorization: `Bearer ${bearer.value.trim()}` };
  for (const [{ name, in: place }, input] of fields) {
    if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (place === 'header') headers[name] = input.value;
    else if (input.value !== '') query.set(name, input.value);
  }
  if (body) headers['content-type'] = 'application/json';
  const search = query.size > 0 ? `?${query}` : '';
  answer.textContent = '…';
  try {
    const response = await fetch(address + search, { method, headers, body: body?.value });
    const told = ['ratelimit', 'retry-after'].flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [`${name}: ${value}`];
    });
    const text = await response.text();
    const shown = text === '' ? '' : JSON.stringify(JSON.parse(text), null, 2);
    answer.textContent = [`${response.status} ${response.statusText}`, ...told, '', shown].join('\n');
  } catch (error) {
    answer.textContent = String(error);
  }
}

/** One operation: what it is, and a form to try it. */
function operation(path, method, described, schemas) {
  const fields = (described.parameters ?? []).map((parameter) => {
    const input = element('input', {
      name: parameter.name,
      required: parameter.required,
      spellcheck: false,
      value: parameter.in === 'header' ? uuid7() : '',
      placeholder: parameter.schema.pattern ?? parameter.schema.type ?? '',
    });
    return [parameter, input];
  });
  const schema = described.requestBody?.content['application/json'].schema;
  const body =
    schema && element('textarea', { value: JSON.stringify(example(schema, schemas), null, 2) });
  const answer = element('pre', { ariaLive: 'polite' });
  const form = element(
    'form',
    {},
    element('p', { textContent: `For ${callers(described.security)}.` }),
    ...fields.map(([{ name, in: place, description }, input]) =>
      element('label', {}, `${name} (${place})${description ? `: ${description}` : ''}`, input),
    ),
    ...(body ? [element('label', {}, 'Body', body)] : []),
    element('button', { textContent: 'Send' }),
    answer,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(method.toUpperCase(), path, fields, body, answer);
  });
  const title = element('code', { textContent: `${method.toUpperCase()} ${path}` });
  return element('details', {}, element('summary', {}, title, ` ${described.summary}`), form);
}

const state = document.querySelector('#state');
try {
  const api = await (await fetch('/api/chat/openapi.json')).json();
  const schemas = api.components.schemas;
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      page.append(operation(path, method, described, schemas));
    }
  }
  state.remove();
} catch (error) {
  state.textContent = `The document could not be read: ${error}`;
}
page.removeAttribute('aria-busy');

// The page at /api/docs: lists the operations of /api/openapi.json. It needs nothing from elsewhere.
"use strict";
(async () => {
  const main = document.getElementById("operations");
  const el = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) {
    main.append(el("p", "", `The document did not load (${answer.status}). Reload the page.`));
    return;
  }
  const doc = await answer.json();
  document.getElementById("about").textContent = doc.info.description;

  const resolve = (schema) => {
    if (!schema || !schema.$ref) return [schema, ""];
    const name = schema.$ref.split("/").pop();
    return [doc.components.schemas[name], name];
  };
  // sketch writes a schema as the JSON one would send, types in place of values.
  const sketch = (schema, seen = []) => {
    const [s, name] = resolve(schema);
    if (!s) return "any";
    if (name && seen.includes(name)) return `<${name}>`;
    const below = name ? [...seen, name] : seen;
    if (s.enum) return s.enum.join(" | ");
    const type = Array.isArray(s.type) ? s.type.filter((t) => t !== "null")[0] : s.type;
    if (type === "array") return [sketch(s.items, below)];
    if (type === "object" || s.properties) {
      const out = {};
      for (const [key, value] of Object.entries(s.properties ?? {})) {
        out[s.required?.includes(key) ? key : `${key}?`] = sketch(value, below);
      }
      if (s.additionalProperties && typeof s.additionalProperties === "object") out["<name>"] = sketch(s.additionalProperties, below);
      return out;
    }
    return [type ?? "any", s.format, s.description].filter(Boolean).join(" · ");
  };
  const jsonOf = (content) => {
    const [type, media] = Object.entries(content ?? {})[0] ?? [];
    if (!type) return "";
    const body = sketch(media.schema);
    return `${type}\n${typeof body === "string" ? body : JSON.stringify(body, null, 2)}`;
  };

  const groups = new Map();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(item)) {
      const tag = op.tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ path, method, op });
    }
  }
  const fill = (body, op) => {
    if (op.description) body.append(el("p", "", op.description));
    body.append(el("h3", "", `Operation ${op.operationId} · needs ${op["x-permission"]}`));
    if (op.parameters?.length) {
      const table = el("table");
      const head = el("tr");
      for (const title of ["Parameter", "In", "Type", ""]) head.append(el("th", "", title));
      table.append(head);
      for (const p of op.parameters) {
        const row = el("tr");
        row.append(el("td", "path", p.name + (p.required ? " *" : "")), el("td", "", p.in), el("td", "", String(sketch(p.schema))), el("td", "", p.description ?? ""));
        table.append(row);
      }
      body.append(table);
    }
    if (op.requestBody) body.append(el("h3", "", "Body"), el("pre", "", jsonOf(op.requestBody.content)));
    for (const [status, response] of Object.entries(op.responses ?? {})) {
      const text = jsonOf(response.content);
      body.append(el("h3", "", `${status} ${response.description}`));
      if (text) body.append(el("pre", "", text));
    }
  };
  const shown = [];
  for (const [tag, operations] of [...groups].sort((a, b) => a[0].localeCompare(b[0]))) {
    const title = el("h2", "", tag);
    main.append(title);
    const rows = operations.map(({ path, method, op }) => {
      const details = el("details");
      const summary = el("summary");
      summary.append(el("span", "method", method.toUpperCase()), el("span", "path", path), el("span", "what", op.summary));
      const body = el("div", "body");
      details.append(summary, body);
      details.addEventListener("toggle", () => body.childElementCount || fill(body, op));
      main.append(details);
      return { details, text: `${method} ${path} ${op.summary} ${op.operationId} ${op["x-permission"]}`.toLowerCase() };
    });
    shown.push({ title, rows });
  }
  document.getElementById("search").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const { title, rows } of shown) {
      for (const row of rows) row.details.hidden = !words.every((word) => row.text.includes(word));
      title.hidden = rows.every((row) => row.details.hidden);
    }
  });
})();

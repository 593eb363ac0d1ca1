// Fails when what the store's front page loads first, its scripts and styles compressed, is more than it may be.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const [root, most] = process.argv.slice(2);
if (!root || !Number(most)) {
  throw new Error("usage: node budget.mjs DIRECTORY KILOBYTES");
}
const manifest = JSON.parse(readFileSync(join(root, "manifest.json"), "utf8"));
const files = new Set(["index.html"]);
function load(name) {
  const chunk = manifest[name];
  if (!chunk) {
    throw new Error(`${name} was not built`);
  }
  if (!files.has(chunk.file)) {
    files.add(chunk.file);
    for (const css of chunk.css ?? []) {
      files.add(css);
    }
    for (const other of chunk.imports ?? []) {
      load(other);
    }
  }
}
load("index.html");
load("src/pages/Home.tsx");
const bytes = [...files].reduce((sum, name) => sum + gzipSync(readFileSync(join(root, name)), { level: 9 }).length, 0);
const say = `the store's front page loads ${(bytes / 1024).toFixed(1)} KB in ${files.size} files; it may load ${most} KB`;
if (bytes > Number(most) * 1024) {
  throw new Error(say);
}
process.stdout.write(`${say}\n`);

// Writes a .gz beside every built file that is worth it, so that the server compresses nothing at run time.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const root = process.argv[2];
if (!root) {
  throw new Error("usage: node precompress.mjs DIRECTORY");
}
for (const name of readdirSync(root, { recursive: true })) {
  const file = join(root, String(name));
  if (/\.(js|css|html|svg|json)$/.test(file) && statSync(file).size > 1024) {
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
  }
}

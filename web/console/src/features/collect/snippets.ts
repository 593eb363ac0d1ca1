import type { Source } from "./words";

/** A piece of code to paste: its name in `collect.snippet`, and the code. */
export interface Snippet {
  key:
    | "segment_js"
    | "segment_node"
    | "sensors_js"
    | "sensors_node"
    | "sensors_url"
    | "curl"
    | "hook_url"
    | "hook_node"
    | "hook_curl";
  code: string;
}

/** The code that makes an SDK send to a source; for a webhook, what signs a request by Standard Webhooks. */
export function snippets(s: Source): Snippet[] {
  const { use, write_key: key } = s;
  if (s.kind === "webhook") {
    return [
      { key: "hook_url", code: use.webhook_url },
      { key: "hook_node", code: hookNode(use.webhook_url, s.secret ?? "whsec_…") },
      { key: "hook_curl", code: hookCurl(use.webhook_url, s.secret ?? "whsec_…") },
    ];
  }
  const out: Snippet[] = [];
  const page = s.kind === "browser";
  if (s.protocols.includes("segment")) {
    out.push(
      page
        ? { key: "segment_js", code: segmentJS(use, key) }
        : { key: "segment_node", code: segmentNode(use.segment_host, key) },
    );
  }
  if (s.protocols.includes("sensors")) {
    if (page) {
      out.push({ key: "sensors_js", code: sensorsJS(use.sensors_server_url) });
    }
    if (s.kind === "server") {
      out.push({ key: "sensors_node", code: sensorsNode(use.sensors_server_url) });
    }
    out.push({ key: "sensors_url", code: use.sensors_server_url });
  }
  out.push({
    key: "curl",
    code: s.protocols.includes("segment") ? curl(use.segment_host, key) : sensorsCurl(use.sensors_server_url),
  });
  return out;
}

function segmentJS(use: Source["use"], key: string): string {
  const protocol = use.segment_cdn_url.split(":")[0];
  return `import { AnalyticsBrowser } from "@segment/analytics-next";

export const analytics = AnalyticsBrowser.load(
  { writeKey: "${key}", cdnURL: "${use.segment_cdn_url}" },
  { integrations: { "Segment.io": { apiHost: "${use.segment_api_host}", protocol: "${protocol}" } } },
);

analytics.page();
analytics.track("Product Viewed", { sku: "A100", price: 19.9 });
analytics.identify("u_1001");`;
}

function segmentNode(host: string, key: string): string {
  return `import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({
  writeKey: "${key}",
  host: "${host}",
});

analytics.identify({ userId: "u_1001", traits: { phone: "13800138000" } });
analytics.track({ userId: "u_1001", event: "Order Completed", properties: { order_id: "A1001", total: 199 } });
await analytics.closeAndFlush();`;
}

function sensorsJS(url: string): string {
  return `import sensors from "sa-sdk-javascript";

sensors.init({ server_url: "${url}", is_track_single_page: true });
sensors.quick("autoTrack");
sensors.track("ViewProduct", { sku: "A100", price: 19.9 });
sensors.login("u_1001");`;
}

function sensorsNode(url: string): string {
  return `import SensorsAnalytics from "sa-sdk-node";

const sa = new SensorsAnalytics();
sa.submitTo({ url: "${url}", gzip: true, mode: "track" });
sa.track("u_1001", "BuyProduct", { order_id: "A1001", price: 199 });`;
}

function curl(host: string, key: string): string {
  return `curl -X POST ${host}/v1/track \\
  -H 'Content-Type: application/json' -H 'X-Write-Key: ${key}' \\
  -d '{"userId":"u_1001","event":"Order Completed","properties":{"order_id":"A1001","total":199}}'`;
}

function sensorsCurl(url: string): string {
  return `curl '${url}' --data-urlencode "data=$(printf '%s' \\
  '{"distinct_id":"u_1001","type":"track","event":"BuyProduct","properties":{"price":199}}' | base64 -w0)"`;
}

function hookNode(url: string, secret: string): string {
  return `import { createHmac, randomUUID } from "node:crypto";

const secret = "${secret}";
const body = JSON.stringify({ id: "evt_1001", type: "Order Paid", data: { order_id: "A1001", total: "199.00" } });
const id = randomUUID();
const at = String(Math.floor(Date.now() / 1000));
const signature = createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64"))
  .update(\`\${id}.\${at}.\${body}\`)
  .digest("base64");

await fetch("${url}", {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": at,
    "webhook-signature": \`v1,\${signature}\`,
  },
  body,
});`;
}

function hookCurl(url: string, secret: string): string {
  return `secret=$(printf '%s' '${secret.replace(/^whsec_/, "")}' | base64 -d | xxd -p -c 256)
body='{"id":"evt_1001","type":"Order Paid","data":{"order_id":"A1001","total":"199.00"}}'
id=msg_$RANDOM at=$(date +%s)
sig=$(printf '%s' "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$secret" -binary | base64)
curl -X POST '${url}' -H 'Content-Type: application/json' \\
  -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$sig" -d "$body"`;
}

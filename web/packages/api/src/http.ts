import type { Middleware } from "openapi-fetch";

/** What the API answers when it does not do what was asked (RFC 9457 with our own fields). */
export interface Problem {
  title: string;
  status: number;
  /** English, safe to show. */
  detail: string;
  /** The name of the message in the catalogue: "staff.login_taken". */
  code: string;
  params?: Record<string, unknown>;
  field?: string;
  errors?: { field: string; message: string }[];
  /** What to say when asking for help. */
  request_id: string;
}

/** Whether a value is an answer of the API that says no. */
export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "status" in value && "code" in value && "request_id" in value;
}

/** Any thrown thing as a problem: the API's own, or one that says the server could not be reached. */
export function problemOf(error: unknown): Problem {
  if (isProblem(error)) {
    return error;
  }
  const offline = error instanceof TypeError || (error instanceof DOMException && error.name === "NetworkError");
  return {
    title: offline ? "Unreachable" : "Unexpected",
    status: 0,
    detail: error instanceof Error ? error.message : String(error),
    code: offline ? "client.unreachable" : "client.unexpected",
    request_id: "",
  };
}

/** Told on the window when the server no longer knows who is asking. */
export const UnauthorizedEvent = "huoshui:unauthorized";

/** Makes a problem of every failed answer, and tells the shell when the session is over. */
export const middleware: Middleware = {
  async onResponse({ request, response }) {
    if (response.status === 401 && !new URL(request.url).pathname.endsWith("/api/v1/session")) {
      window.dispatchEvent(new Event(UnauthorizedEvent));
    }
    if (!response.ok && !response.headers.get("Content-Type")?.includes("json")) {
      const problem: Problem = {
        title: response.statusText,
        status: response.status,
        detail: response.statusText || `status ${response.status}`,
        code: response.status >= 500 ? "client.unreachable" : "client.unexpected",
        request_id: response.headers.get("X-Request-Id") ?? "",
      };
      return new Response(JSON.stringify(problem), {
        status: response.status,
        headers: { "Content-Type": "application/problem+json" },
      });
    }
    return response;
  },
};

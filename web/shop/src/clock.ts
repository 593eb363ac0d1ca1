import { useEffect, useState } from "react";

/** How far the store's clock is ahead of this machine's, in milliseconds: the demo brand lives in its own days. */
let ahead = 0;

/** Sets the store's clock by what it said just now. */
export function tellTime(now: string | undefined) {
  const at = now ? Date.parse(now) : Number.NaN;
  if (!Number.isNaN(at)) {
    ahead = at - Date.now();
  }
}

/** Milliseconds until an instant by the store's clock, told again each second until it has come. */
export function useLeft(until: string | undefined): number {
  const left = () => (until ? Math.max(0, Date.parse(until) - Date.now() - ahead) : 0);
  const [ms, set] = useState(left);
  useEffect(() => {
    const now = () => (until ? Math.max(0, Date.parse(until) - Date.now() - ahead) : 0);
    set(now());
    const timer = setInterval(() => set(now()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return ms;
}

/** The store's present. */
export const present = () => Date.now() + ahead;

/** 1:05:09, with days before it from a day on. */
export function clockText(ms: number): string {
  const s = Math.ceil(ms / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  const rest = `${two(Math.floor(s / 3600) % 24)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s >= 86400 ? `${Math.floor(s / 86400)}d ${rest}` : rest;
}

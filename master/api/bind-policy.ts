import { isIPv4, isIPv6 } from "node:net";
import { ClusterError } from "@bourse/model/errors";

/**
 * DESIGN D11: without TLS and principals only this machine may reach the API, because whoever reaches it can
 * run commands as the agents' user. Beyond loopback only with `--insecure`.
 */
export function checkBind(host: string, isInsecure: boolean): void {
  if (isInsecure || isLoopback(host)) return;
  throw new ClusterError(
    "forbidden",
    `listen on ${host}: whoever reaches this port can run commands on every agent, and there is no TLS yet; ` +
      "listen on 127.0.0.1 and tunnel to it, or say --insecure if the network is yours alone",
  );
}

export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return (isIPv4(host) && host.startsWith("127.")) || (isIPv6(host) && /^::ffff:127\./i.test(host));
}

import Docker from "dockerode";

/**
 * For integration tests: an engine that answers, or the reason why the suite is skipped. With `CI=true` a
 * missing engine is a failure, because there a skipped suite would go unnoticed.
 */
export async function engineForTests(
  suite: string,
): Promise<{ readonly docker: Docker; readonly skipReason: string | null }> {
  const docker = new Docker();
  try {
    await docker.ping();
    return { docker, skipReason: null };
  } catch (thrown) {
    const problem = thrown instanceof Error ? thrown.message : String(thrown);
    const skipReason = `no Docker engine answers (${problem}); install and start one with: npm test`;
    if (process.env.CI === "true") throw new Error(`${suite}: ${skipReason}`);
    console.warn(`SKIPPED ${suite}: ${skipReason}`);
    return { docker, skipReason };
  }
}

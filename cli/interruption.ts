/** Ctrl-C asks for an end in good order; a second one ends the process at once. */
export function interruption(): { readonly isWanted: boolean; end(): void } {
  const state = { isWanted: false };
  const onSignal = (): void => {
    state.isWanted = true;
    process.off("SIGINT", onSignal);
  };
  process.on("SIGINT", onSignal);
  return {
    get isWanted() {
      return state.isWanted;
    },
    end: () => void process.off("SIGINT", onSignal),
  };
}

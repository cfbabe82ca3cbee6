/** Events of a subscription that can be looked at again. */
const maxKept = 100;

/**
 * The backend calls of the last operation, as the server told them: one waterfall for a query or a
 * mutation, one for each of the last hundred events of a subscription.
 */
export function createRecorder() {
  let state = { operation: null, waterfalls: [], dropped: 0, isOver: false };
  const listeners = new Set();
  const set = (next) => {
    state = next;
    for (const listener of listeners) listener();
  };
  return {
    begin: (operation) => set({ operation, waterfalls: [], dropped: 0, isOver: false }),
    end: () => set({ ...state, isOver: true }),
    add(waterfall) {
      const waterfalls = [...state.waterfalls, waterfall];
      const surplus = Math.max(0, waterfalls.length - maxKept);
      set({
        ...state,
        waterfalls: waterfalls.slice(surplus),
        dropped: state.dropped + surplus,
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    read: () => state,
  };
}

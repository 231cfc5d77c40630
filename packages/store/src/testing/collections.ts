/** What the contract suite keeps records in. */
export const CONTRACT_COLLECTIONS = {
  plain: {},
  ids: {},
  things: {
    indexes: {
      group: ["group", "rank", "name"],
      deep: ["group", "at.place"],
      labels: ["group", "labels[]"],
      tags: ["group", "tags{}"],
    },
  },
} as const;

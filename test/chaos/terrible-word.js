/** A plugin whose one field ends its thread, or hangs it, for one path each. Manifest and data entry in one. Test code. */
export default {
  name: 'terrible',
  apiVersion: 1,
  data: import.meta.url,
  words: [
    {
      kind: 'field',
      name: 'terrible',
      doc: 'Ends the thread for the path /die, and hangs it for /hang.',
      example: 'terrible yes',
      phase: 'request',
      type: 'text',
      operators: ['is'],
      defaultOperator: 'is',
      index: 'none',
    },
  ],
};

export const fields = {
  terrible(facts) {
    if (facts.path === '/die') process.exit(3);
    while (facts.path === '/hang');
    return 'no';
  },
};

/**
 * The table of everything that `serve files` refuses, or cannot send, SP09xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const siteError = pluginErrors({
  SP0901: {
    message: 'there is no folder `{folder}`',
    fix: 'Check the path, which is relative to the folder of the rule file.',
  },
  SP0902: {
    message: 'cannot read `{path}`: {reason}',
    fix: 'Make the folder and its files readable for the gateway’s user.',
  },
  SP0903: {
    message: '`{folder}` is not a folder',
    fix: 'Name the folder that holds the files.',
  },
  SP0904: {
    message: '`{index}` cannot be an index file',
    fix: 'Write the name of a file, without a path: `index home.html`.',
  },
  SP0905: {
    message: 'with `status`, the page `{page}` is required',
    fix: 'Add the page, which is sent with that status to every request, or remove `status`.',
  },
  SP0906: {
    message: 'a file changed while it was being sent',
    fix: 'Replace files by renaming a new one over the old one, rather than modifying them. The response was cut off, so that no client mistakes it for a complete one.',
  },
  SP0907: {
    message: 'a file was truncated while it was being read',
    fix: 'Replace files by renaming a new one over the old one, rather than modifying them.',
  },
  SP0908: {
    message: 'a file changed while it was being read',
    fix: 'Replace files by renaming a new one over the old one, rather than modifying them.',
  },
});

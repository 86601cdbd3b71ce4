/** The `[desktop]` section of `supervisor.toml`: the program with tray and window. Headless runs ignore it. */
import { z } from 'zod';
import { flag } from './config-fields.ts';

export const desktop = z
  .object({
    start_hidden: flag(false, 'Starts in the tray, without showing the window; as --hidden does.'),
    login_item: flag(false, 'Starts the program, in the tray, whenever you log in.'),
    notifications: flag(
      true,
      'Says when a service failed or recovered, when the configuration has errors, and when sessions moved to another instance.',
    ),
  })
  .readonly()
  .prefault({})
  .meta({ description: 'The program with tray and window.' });

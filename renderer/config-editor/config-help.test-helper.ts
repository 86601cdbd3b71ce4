/** The help of the real schema, as the page gets it. */
import { z } from 'zod';
import { configSchema } from '../../shared/config-schema.ts';
import { type ConfigHelp, readHelp } from './config-help.ts';

export const realHelp: ConfigHelp = readHelp(z.toJSONSchema(configSchema, { io: 'input' }));

/** The `[mcp.container]` section of `supervisor.toml`: the instances of the pool as containers. */
import { z } from 'zod';
import { choice, filledText, list, programFields } from './config-fields.ts';

const containerEngines = ['podman', 'docker'] as const;

/** `3000`, `3000:3000` or `127.0.0.1:3000:3000`, as the engines and the old supervisor write it. */
const portMapping = z
  .string()
  .regex(
    /^(?:(?:\d{1,3}(?:\.\d{1,3}){3}:)?\d{0,5}:)?\d{1,5}$/,
    'must look like "3000:3000" or "3000"',
  )
  .refine((mapping) => {
    const inside = containerPort(mapping);
    return inside >= 1 && inside <= 65_535;
  }, 'must end in a port from 1 to 65535');

export const container = z
  .object({
    engine: choice(containerEngines, 'podman', 'The program that runs the containers.'),
    image: filledText.default('project-memory-mcp:latest').meta({
      description:
        'Image of one MCP server. Pull or build it beforehand: a download counts towards start_timeout_ms.',
    }),
    container_name: z
      .string()
      .regex(
        /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/,
        'may contain letters, digits, "_", "." and "-" and begins with a letter or digit',
      )
      .default('project-memory-mcp')
      .meta({
        description:
          'How the names of the containers begin; what tells them apart is put behind it.',
      }),
    ports: z
      .array(portMapping)
      .min(1)
      .default(['3000:3000'])
      .readonly()
      .meta({
        description:
          'Ports inside the container, the MCP server\'s first, written "host:container". Each instance needs host ports of its own, so only the container\'s side counts: the first is published on the port of the instance, others on free ones.',
        examples: [['3000:3000']],
      }),
    labels: z
      .record(z.string().regex(/^[^=\s]+$/, 'must not be empty or contain "="'), z.string())
      .default({ 'project-memory.mcp': 'true' })
      .readonly()
      .meta({
        description: 'Labels of the containers; one of our own is added.',
        examples: [{ 'project-memory.mcp': 'true' }],
      }),
    args: list('Arguments for the image, as they would stand behind its name.', ['--verbose']),
    env: programFields.env.meta({
      description:
        'Environment variables inside the container; nothing else of the supervisor gets in.',
      examples: [{ NAME: 'value' }],
    }),
  })
  .readonly()
  .prefault({})
  .meta({
    description: 'The image of which the pool runs several containers (backend = "container").',
  });

/** The container's side of a port mapping. */
export function containerPort(mapping: string): number {
  return Number(mapping.slice(mapping.lastIndexOf(':') + 1));
}

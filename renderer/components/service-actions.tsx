import type { ServiceStatus } from '../../shared/status.ts';
import type { ServiceActionsHandle } from '../hooks/use-service-actions.ts';
import { isSensible, type ServiceAction, serviceActions } from '../model/service-view.ts';
import { Button, IconButton } from './button.tsx';
import type { IconName } from './icon.tsx';

const actionIcons: Readonly<Record<ServiceAction, IconName>> = {
  Start: 'start',
  Stop: 'stop',
  Restart: 'restart',
};

interface Props {
  readonly service: ServiceStatus;
  readonly actions: ServiceActionsHandle;
  /** The whole supervisor is stopping: no action makes sense any more. */
  readonly stopping: boolean;
  /** Icons in a table, where the column says what they are for; words where there is room. */
  readonly look: 'icons' | 'words';
}

export function ServiceActions({ service, actions, stopping, look }: Props) {
  // The pool keeps its own number of instances, so one of them can only be renewed.
  const offered = service.kind === 'mcp_instance' ? (['Restart'] as const) : serviceActions;
  return offered.map((action) => {
    const unavailable = actions.pending || stopping || !isSensible(action, service.state);
    const onPress = () => actions.act(action);
    return look === 'words' ? (
      <Button key={action} icon={actionIcons[action]} unavailable={unavailable} onPress={onPress}>
        {action}
        <span className="visually-hidden"> {service.displayName}</span>
      </Button>
    ) : (
      <IconButton
        key={action}
        icon={actionIcons[action]}
        label={`${action} ${service.displayName}`}
        title={action}
        unavailable={unavailable}
        onPress={onPress}
      />
    );
  });
}

import type { Command } from 'commander';
import type { ServiceStatus } from '../../api/wire.ts';
import { Refusal } from '../../model/error.ts';
import type { Name } from '../../model/names.ts';
import { chooseStack } from '../choose-stack.ts';
import { withExamples } from '../examples.ts';
import { EXIT } from '../exit-code.ts';
import { absence, instanceStateAndWords } from '../output/health.ts';
import type { Voice } from '../output/output.ts';
import { renderTable } from '../output/table.ts';
import { type Line, span } from '../output/text.ts';
import { readName } from '../read-option.ts';
import { action } from '../session.ts';

export const register = (program: Command): void => {
  const command = program
    .command('health')
    .description('Ask whether services are healthy; exits with 1 when one is not.')
    .argument('[service]', 'one service (default: all of the stack)', readName)
    .action(
      action(async (session, service: Name | undefined) => {
        const stack = await chooseStack(session);
        const { client, output, signal, world } = session;
        const status = await client.call('stackStatus', { params: { stack }, signal });
        const asked = status.services.filter((one) => service === undefined || one.service === service);
        if (asked.length === 0) throw noService(stack, service, status.services);
        // Where no copy is wanted, none can be unhealthy.
        const isHealthy = asked.every(
          (one) => one.health === 'healthy' || (one.replicas === 0 && one.isStopped),
        );
        output.answer({ stack, isHealthy, services: asked.map(healthOf) }, (voice) =>
          renderHealth(asked, world.now(), voice),
        );
        return isHealthy ? EXIT.done : EXIT.failed;
      }),
    );
  withExamples(
    command,
    ['reeve health', 'every service of the stack'],
    ['reeve health web --quiet && echo good', 'for scripts'],
  );
};

const noService = (stack: Name, service: Name | undefined, known: readonly ServiceStatus[]): Refusal =>
  service === undefined
    ? new Refusal('service.unknown', `Cannot ask for the health of "${stack}": it has no service`)
    : new Refusal(
        'service.unknown',
        `Cannot find service "${service}": stack "${stack}" has no such service`,
        {
          fix: `name one of ${known.map((one) => one.service).join(', ')}`,
        },
      );

const healthOf = ({ service, health, isStopped, instances }: ServiceStatus) => ({
  service,
  health,
  isStopped,
  instances: instances.map(({ id, health: own, words }) => ({ id, health: own, words })),
});

const renderHealth = (services: readonly ServiceStatus[], now: number, voice: Voice): Line[] => {
  const rows = services.flatMap((service) => {
    const serving = service.instances.filter(({ warmUntil }) => warmUntil === null);
    if (serving.length === 0) return [[[span(service.service)], [span(absence(service), 'dim')]]];
    return serving.map((instance) => [[span(instance.id)], instanceStateAndWords(instance, now, voice)]);
  });
  return renderTable(
    { columns: [{ title: 'INSTANCE' }, { title: 'STATE', atLeast: 20 }], rows },
    { width: voice.width - 1 },
  );
};

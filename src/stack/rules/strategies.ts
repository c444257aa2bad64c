import { quote } from '../quote.ts';
import { type RuleContext, type ServiceFacts, servicesOf } from './rule.ts';

/** Settings of one service that can not all be meant. */
export const checkStrategies = (context: RuleContext): void => {
  for (const facts of servicesOf(context)) {
    judgeRecreate(context, facts);
    judgeRouted(context, facts);
  }
};

const judgeRecreate = ({ places, warn }: RuleContext, { path, service, written }: ServiceFacts): void => {
  if (service.strategy === 'recreate' && service.replicas > 1) {
    warn(places.ofValue([...path, 'replicas']), {
      code: 'strategy.replicas',
      message: `Cannot keep ${quote(service.name)} from running twice: it has ${service.replicas} replicas, and recreate is for what must run once`,
      fix: 'write replicas: 1, or deploy: rolling',
    });
  }
  if (service.strategy !== 'recreate' && written.hold !== undefined) {
    warn(places.ofKey([...path, 'hold']), {
      code: 'key.no-effect',
      message: `Cannot use "hold" of ${quote(service.name)}: with ${service.strategy} no request ever waits`,
      fix: 'remove hold, or write deploy: recreate',
    });
  }
  if (service.strategy === 'recreate' && service.routes.length > 0 && service.holdMs === 0) {
    warn(places.ofValue([...path, 'hold']), {
      code: 'strategy.no-hold',
      message: `Cannot deploy ${quote(service.name)} without failed requests: hold is 0, and recreate leaves a gap`,
      fix: 'write hold: 30s',
    });
  }
};

const judgeRouted = ({ places, warn }: RuleContext, { path, service }: ServiceFacts): void => {
  if (service.routes.length === 0) return;
  if (service.replicas === 0) {
    warn(places.ofValue([...path, 'replicas']), {
      code: 'strategy.no-replicas',
      message: `Cannot answer requests to ${quote(service.name)}: it has a route and 0 replicas`,
      fix: 'give it a replica, or remove the route',
    });
  }
  if (service.restart === 'never') {
    warn(places.ofValue([...path, 'restart']), {
      code: 'strategy.never-restarts',
      message: `Cannot keep ${quote(service.name)} answering: it has a route, and restart is never`,
      fix: 'write restart: always',
    });
  }
};

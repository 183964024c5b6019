import type { Answer } from '../answer.ts';
import type { Login } from '../logins.ts';
import type { Ask, Kind, World } from '../world.ts';
import { takeLogin } from './login.ts';

/** Ends a login that nobody else has; what did not succeed may have ended it all the same. */
export async function endBy(
  { logins }: World,
  login: Login,
  attempt: () => Promise<Answer>,
): Promise<Answer> {
  login.state = 'unsure';
  const answer = await attempt();
  if (answer.status === 200 || answer.status === 204) logins.addEnded(login);
  else logins.addUnfinished(login);
  return answer;
}

/** Runs with a login that nobody else has. */
export function withLogin(
  run: (ask: Ask, world: World, login: Login) => Promise<unknown>,
): Kind['run'] {
  return async (ask, world) => {
    const login = await takeLogin(world);
    if (login !== undefined) await run(ask, world, login);
  };
}

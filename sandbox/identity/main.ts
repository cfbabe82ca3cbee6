import { runService } from '../service/run-service.ts';
import { startIdentity } from './identity.ts';

await runService('identity', 4105, startIdentity);

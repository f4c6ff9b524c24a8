import { makeFolder, removeFolder } from './identity-provider.ts';
import { pinMyself } from './machine.ts';
import { formatTable } from './table.ts';
import { measureWarmSso } from './warm-sso.ts';
pinMyself();
const folder = await makeFolder();
try {
  console.log(formatTable(await measureWarmSso(folder, { rounds: 3, connections: 16, requests: 3000, peerRequests: 400, rsaSeconds: 1 })));
} finally { await removeFolder(folder); }

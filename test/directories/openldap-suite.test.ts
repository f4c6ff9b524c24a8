import { directorySuite, SUITE_PEOPLE } from '../suites/directory-suite.ts';
import { addLdapGroup, addLdapPerson, openLdapDirectory, settingsFor } from '../support/ldap-people.ts';
import { OPENLDAP_TOOLS, startOpenLdap } from '../support/openldap.ts';
import { requireTool } from '../support/tools.ts';

directorySuite('OpenLDAP', async (t) => {
  if (!OPENLDAP_TOOLS.every((tool) => requireTool(t, tool))) return null;
  const server = await startOpenLdap();
  const members = new Map<string, string[]>();
  for (const { loginName: uid, password, attributes, groups, disabled } of SUITE_PEOPLE) {
    const known = Object.fromEntries(Object.entries(attributes).map(([key, values]) => [key, [...values]]));
    // draft-behera-ldap-password-policy-10 §5.3.3: locked for good, by an administrator.
    const locked = disabled ? { pwdAccountLockedTime: '000001010000Z' } : {};
    const secret = password === null ? {} : { password };
    const dn = await addLdapPerson(server, { uid, ...secret, attributes: { ...known, ...locked } });
    for (const group of groups) members.set(group, [...(members.get(group) ?? []), dn]);
  }
  for (const [group, dns] of members) await addLdapGroup(server, group, dns);
  const { directory } = openLdapDirectory(settingsFor(server, { connections: 8, operationTimeout: 5 }));
  return {
    directory,
    close: async () => {
      directory.close();
      await server.close();
    },
  };
});

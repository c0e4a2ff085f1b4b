import { pageContracts } from '../shared/http/contract.ts';

export const contract = pageContracts(
  '/ui',
  {
    summary: 'The console',
    description:
      'A page to look at keys, make, block, rotate and delete them by this API, as the key one signs in with.',
  },
  { summary: 'A file of the console', description: 'Its script and its style.' },
);

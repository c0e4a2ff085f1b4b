import { pageContracts } from '../shared/http/contract.ts';

export const contract = pageContracts(
  '/docs',
  {
    summary: 'The reference',
    description: 'A page that shows this description and can send calls.',
  },
  { summary: 'A file of the reference', description: 'Its scripts and its style.' },
);

/** Where the local AWS is known not to do what AWS does. Each name is a case that fails on it. */

/** What the guard in front of it does not mend: nothing here relies on it. */
export const guardedDivergences: readonly string[] = [
  'PutSecretValue > into a secret without a value makes its version current whatever is asked',
  'UpdateSecretVersionStage > refuses to take AWSCURRENT off without a version to move it to',
];

export const guardedLimitDivergences: readonly string[] = [
  'versions > of one day are a hundred at most',
];

/** What is the guard's reason to be. */
export const bareDivergences: readonly string[] = [
  ...guardedDivergences,
  'CreateSecret > takes the token as the id of the first version',
  'CreateSecret > repeated with the same token and value is a success that changes nothing',
  'CreateSecret > repeated later does not make its version current again',
  'CreateSecret > refuses the token with another value, and changes nothing',
  'CreateSecret > refuses a name that is scheduled for deletion as an invalid request',
  'PutSecretValue > keeps a version that lost its last label readable by id',
  'PutSecretValue > repeated with the same token and value moves no label',
  'PutSecretValue > refuses the token with another value, and changes nothing',
  'PutSecretValue > moves an own stage from the version that had it',
  'PutSecretValue > after a tombstone under its token is refused for good',
  'PutSecretValue > of one token and two values at once stores exactly one',
  'PutSecretValue > works by ARN',
  'UpdateSecretVersionStage > refuses to move a label from a version that does not have it',
  'RotateSecret > names the next version, which has no value, and leaves AWSCURRENT',
  'RotateSecret > lets PutSecretValue give that version its value, once',
  'RotateSecret > ends with AWSCURRENT on that version, which takes AWSPENDING off',
  'RotateSecret > refuses while another one is under way',
  'RotateSecret > begins anew once AWSPENDING is taken off',
  'RotateSecret > begins anew where AWSPENDING was put on the current version',
  'RotateSecret > has AWSPENDING on one version',
  'RotateSecret > refuses a secret that no function was named for, and one scheduled for deletion',
  'a secret scheduled for deletion > keeps its ARN, labels, versions and ids when it is restored',
];

export const bareLimitDivergences: readonly string[] = [
  ...guardedLimitDivergences,
  'a name > is refused: a b (3)',
  'a name > is refused: a#b (3)',
  'a name > is refused: ключ (4)',
  'a name > is refused: xxxxx (513)',
  'a token > of 31 characters is refused',
  'a token > of 65 characters is refused',
  'a token > of 32 characters is taken',
  'a token > of 64 characters is taken',
  'a value > of more bytes is refused',
  'tags > are refused: a value with a sign that tags cannot have',
  'tags > are refused: a key with a sign that tags cannot have',
  'tags > are refused: a value of 257 characters',
  'tags > are refused: a key of 129 characters',
  'tags > are refused: a key that AWS reserves',
  'tags > are refused: more than 50',
];

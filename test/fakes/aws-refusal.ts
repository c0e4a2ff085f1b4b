/** What AWS answers to a request it does not carry out; `name` is the class of its exception. */
export class AwsRefusal extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

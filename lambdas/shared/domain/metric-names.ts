/** The CloudWatch namespace of all metrics; the stack's alarms watch them by it. */
export const metricNamespace = 'Latchkey';

/** Answers of an operation with a 5xx; the one metric with a dimension for the operation. */
export const serverErrors = 'ServerErrors';

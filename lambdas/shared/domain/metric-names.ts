/** The CloudWatch namespace of all metrics; the stack's alarms watch them by it. */
export const metricNamespace = 'Latchkey';

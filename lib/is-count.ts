/** Whether a setting is a whole number above 0. */
export const isCount = (value: number): boolean => Number.isInteger(value) && value > 0;

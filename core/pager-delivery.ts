/**
 * How often SNS tries an HTTP endpoint of the pager's topic, in its own words and in seconds: at once, each ten seconds
 * for a minute, then each minute until the hour that SNS allows is nearly over. Without it SNS gives up after a minute
 * (three times, 20 seconds apart). Source: SNS developer guide, "Amazon SNS message delivery retries".
 */
export const endpointRetries = {
  minDelayTarget: 10,
  maxDelayTarget: 60,
  numRetries: 65,
  numNoDelayRetries: 1,
  numMinDelayRetries: 6,
  numMaxDelayRetries: 58,
} as const;

/** As a subscription takes it. */
export const deliveryPolicy = JSON.stringify({ healthyRetryPolicy: endpointRetries });

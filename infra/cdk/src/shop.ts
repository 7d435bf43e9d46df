import type { Parameters } from "./parameters";

/** The name of the stack. */
export const stackName = "tsunagi";

/** What the shop chooses: to be edited before the first deploy. */
export const shop: Parameters = {
  SenderName: "つなぎ商店",
  EmailFrom: "shop@example.jp",
};

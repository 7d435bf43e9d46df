import { join } from "node:path";

import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";

import { acknowledge } from "./acknowledged";
import { shop, stackName } from "./shop";
import { TsunagiStack } from "./stack";

const root = join(__dirname, "../../..");
const app = new App({ analyticsReporting: false });
const stack = new TsunagiStack(app, stackName, {
  template: join(root, "infra/template.yaml"),
  artifacts: app.node.tryGetContext("artifacts") ?? join(root, "target/lambda"),
  parameters: shop,
});
acknowledge(stack);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));

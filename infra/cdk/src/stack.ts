import { join } from "node:path";

import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import type { CfnFunction } from "aws-cdk-lib/aws-sam";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";

import type { Parameters } from "./parameters";

export interface TsunagiProps extends StackProps {
  /** The SAM template. */
  template: string;
  /** The folder with a folder for each function, with its `bootstrap`. */
  artifacts: string;
  parameters: Parameters;
}

/** Everything that the SAM template says. */
export class TsunagiStack extends Stack {
  constructor(scope: Construct, id: string, props: TsunagiProps) {
    super(scope, id, props);
    const included = new CfnInclude(this, "Sam", { templateFile: props.template, preserveLogicalIds: true });
    // As defaults, so that the resources are the template's, whatever is chosen, and `--parameters` still has the last word.
    for (const [name, value] of Object.entries(props.parameters)) {
      included.getParameter(name).default = value;
    }
    for (const child of included.node.findAll()) {
      const resource = child as CfnFunction;
      if (resource.cfnResourceType !== "AWS::Serverless::Function") continue;
      const folder = String(resource.codeUri).split("/").at(-1) ?? "";
      const code = new Asset(this, `${resource.node.id}Code`, { path: join(props.artifacts, folder) });
      resource.codeUri = { bucket: code.s3BucketName, key: code.s3ObjectKey };
    }
  }
}

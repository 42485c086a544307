/** The API under a name of your own, mapped at `/`. The DNS record is yours to make: to `target`, an alias if in Route 53. */

import { CfnBasePathMapping, DomainName, EndpointType, type RestApi, SecurityPolicy } from "aws-cdk-lib/aws-apigateway";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { Construct } from "constructs";

export interface CustomDomainProps {
  readonly api: RestApi;
  readonly domainName: string;
  readonly certificateArn: string;
}

export class CustomDomain extends Construct {
  readonly url: string;
  /** What the DNS record points at. */
  readonly target: string;
  readonly targetHostedZoneId: string;

  constructor(scope: Construct, id: string, { api, domainName, certificateArn }: CustomDomainProps) {
    super(scope, id);
    const domain = new DomainName(this, "Domain", {
      domainName,
      certificate: Certificate.fromCertificateArn(this, "Certificate", certificateArn),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    new CfnBasePathMapping(this, "Mapping", {
      domainName: domain.domainName,
      restApiId: api.restApiId,
      stage: api.deploymentStage.stageName,
    });
    this.url = `https://${domainName}/`;
    this.target = domain.domainNameAliasDomainName;
    this.targetHostedZoneId = domain.domainNameAliasHostedZoneId;
  }
}

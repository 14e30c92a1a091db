//! The temporary security group: one step makes it, another opens it for the connection.

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, ResourceType};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::{Cx, Failure, Look, Step};
use crate::run::aws::Repeat;
use crate::run::aws::fault::Fault;
use crate::run::aws::wait::filter;
use crate::run::problem::Problem;

/// How often a group that is still used is asked to go, with five seconds between.
const TRIES: u32 = 24;

/// Makes a security group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MakeGroup {
    /// Its name.
    pub name: String,
    /// Its VPC; the region's own where none is named.
    pub vpc: Option<String>,
}

impl Step for MakeGroup {
    const NAME: &'static str = "group";
    /// Its id.
    type Out = String;

    fn about(&self) -> String {
        format!("making a temporary security group, `{}`", self.name)
    }

    fn told(out: &String) -> String {
        out.clone()
    }

    async fn act(&self, cx: &Cx) -> Result<String, Failure> {
        let ask = || {
            let tags = cx.tagged(ResourceType::SecurityGroup, Self::NAME, &[]);
            let call = cx.region.ec2.create_security_group().group_name(&self.name).tag_specifications(tags);
            call.description("Temporary group of a bakec build").set_vpc_id(self.vpc.clone()).send()
        };
        let answer =
            cx.region.call("CreateSecurityGroup", Repeat::Always, ask).await.map_err(|e| e.failure("run::group"))?;
        Ok(answer.group_id().unwrap_or_default().to_owned())
    }

    async fn find(&self, cx: &Cx) -> Result<Look<String>, Problem> {
        let ask = || {
            let mut call = cx.region.ec2.describe_security_groups().filters(filter("group-name", [self.name.as_str()]));
            if let Some(vpc) = &self.vpc {
                call = call.filters(filter("vpc-id", [vpc.as_str()]));
            }
            call.send()
        };
        let answer =
            cx.region.call("DescribeSecurityGroups", Repeat::Always, ask).await.map_err(|e| e.problem("run::group"))?;
        let found = answer.security_groups().iter().find(|g| cx.is_ours(g.tags()));
        Ok(found.and_then(|g| g.group_id()).map_or(Look::Nothing, |id| Look::There(id.to_owned())))
    }

    async fn undo(&self, cx: &Cx, id: &String) -> Result<String, Problem> {
        for _ in 0..TRIES {
            let ask = || cx.region.ec2.delete_security_group().group_id(id).send();
            match cx.region.call("DeleteSecurityGroup", Repeat::Always, ask).await {
                Ok(_) => return Ok(format!("security group {id} deleted")),
                Err(error) if error.fault == Fault::NotFound && !cx.is_young() => {
                    return Ok(format!("security group {id} is gone"));
                }
                Err(error) if matches!(error.fault, Fault::NotFound | Fault::InUse) && cx.cancel.is_forced() => {
                    return Err(cx.unconfirmed(&format!("security group {id}")));
                }
                Err(error) if error.fault == Fault::NotFound => cx.age().await,
                Err(error) if error.fault == Fault::InUse => cx.rest(cx.region.local(Duration::from_secs(5))).await,
                Err(error) => return Err(error.problem("run::group")),
            }
        }
        Err(Problem::left("run::group", format!("the security group {id} is still used by something")))
    }
}

/// Opens a security group for the connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenGroup {
    /// The group.
    pub id: String,
    /// The port.
    pub port: u16,
    /// From where.
    pub cidrs: Vec<String>,
    /// Whether it was opened before, for another place.
    #[serde(default)]
    pub further: bool,
}

impl Step for OpenGroup {
    const NAME: &'static str = "ingress";
    const AGAIN: bool = true;
    type Out = ();

    fn of(&self) -> String {
        if self.further { self.cidrs.join(", ") } else { String::new() }
    }

    fn about(&self) -> String {
        format!("opening port {} for {}", self.port, self.cidrs.join(", "))
    }

    fn told((): &()) -> String {
        "open".to_owned()
    }

    async fn act(&self, cx: &Cx) -> Result<(), Failure> {
        let (six, four): (Vec<&String>, Vec<&String>) = self.cidrs.iter().partition(|c| c.contains(':'));
        let words = "The connection of a bakec build";
        let four =
            four.iter().map(|c| IpRange::builder().cidr_ip(c.as_str()).description(words).build()).collect::<Vec<_>>();
        let six = six
            .iter()
            .map(|c| Ipv6Range::builder().cidr_ipv6(c.as_str()).description(words).build())
            .collect::<Vec<_>>();
        let port = i32::from(self.port);
        let rule = IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port);
        let rule = rule.set_ip_ranges(Some(four)).set_ipv6_ranges((!six.is_empty()).then_some(six)).build();
        // A new group may not be visible yet.
        for tries in (0..TRIES).rev() {
            let ask = || {
                cx.region.ec2.authorize_security_group_ingress().group_id(&self.id).ip_permissions(rule.clone()).send()
            };
            match cx.region.call("AuthorizeSecurityGroupIngress", Repeat::Always, ask).await {
                Ok(_) => return Ok(()),
                Err(error) if error.fault == Fault::Duplicate => return Ok(()),
                Err(error) if error.fault == Fault::NotFound && tries > 0 => {
                    cx.region.sleep(Duration::from_secs(2)).await
                }
                Err(error) => return Err(error.failure("run::group")),
            }
        }
        Ok(())
    }
}

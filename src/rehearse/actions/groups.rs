//! Security groups.

use std::collections::BTreeSet;

use super::{Action, Answer, Call, ec2, no_group, tag_set};
use crate::rehearse::error::ApiError;
use crate::rehearse::filter::{DRY_RUN, FILTERS, Filters, Of, PAGES, page};
use crate::rehearse::world::network::{Group, Rule, Source};
use crate::rehearse::world::{ACCOUNT, Region};
use crate::rehearse::xml::Fields;

pub(super) const ACTIONS: &[Action] = &[
    ec2(
        "CreateSecurityGroup",
        &[
            DRY_RUN,
            &["GroupName", "GroupDescription", "VpcId"],
            &["TagSpecification.N.ResourceType", "TagSpecification.N.Tag.N.Key", "TagSpecification.N.Tag.N.Value"],
        ],
        create_security_group,
    ),
    ec2("DescribeSecurityGroups", &[DRY_RUN, FILTERS, PAGES, &["GroupId.N", "GroupName.N"]], describe_security_groups),
    ec2("AuthorizeSecurityGroupIngress", &[DRY_RUN, INGRESS], authorize_security_group_ingress),
    ec2("DeleteSecurityGroup", &[DRY_RUN, &["GroupId", "GroupName"]], delete_security_group),
];

const INGRESS: &[&str] = &[
    "GroupId",
    "GroupName",
    "IpPermissions.N.IpProtocol",
    "IpPermissions.N.FromPort",
    "IpPermissions.N.ToPort",
    "IpPermissions.N.IpRanges.N.CidrIp",
    "IpPermissions.N.IpRanges.N.Description",
    "IpPermissions.N.Ipv6Ranges.N.CidrIpv6",
    "IpPermissions.N.Ipv6Ranges.N.Description",
    "IpPermissions.N.Groups.N.GroupId",
    "IpPermissions.N.Groups.N.Description",
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIp",
    "TagSpecification.N.ResourceType",
    "TagSpecification.N.Tag.N.Key",
    "TagSpecification.N.Tag.N.Value",
];

fn create_security_group(call: &mut Call<'_>) -> Answer {
    let name = call.params.required("GroupName")?.to_string();
    let description = call.params.required("GroupDescription")?.to_string();
    let fine = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if name.len() > 255 || description.len() > 255 || name.starts_with("sg-") || !name.chars().all(fine) {
        return Err(ApiError::invalid_value(
            "groupName",
            &name,
            "Up to 255 characters; a name does not begin with sg-.",
        ));
    }
    if !description.chars().all(fine) {
        return Err(ApiError::invalid_value("groupDescription", &description, "Invalid security group description."));
    }
    // SDKs send an empty text for what is not given.
    let vpc = match call.params.text("VpcId").filter(|id| !id.is_empty()) {
        None => call.region().vpc.clone(),
        Some(id) if call.region().vpcs.iter().any(|v| v.id == *id && call.world.sees(v.born)) => id.to_string(),
        Some(id) => return Err(ApiError::new("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"))),
    };
    if call.region().groups.values().any(|g| g.vpc == vpc && g.name.eq_ignore_ascii_case(&name)) {
        let words = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(ApiError::new("InvalidGroup.Duplicate", words));
    }
    if call.region().groups.len() > call.world.rules.quotas.groups {
        return Err(ApiError::new("SecurityGroupLimitExceeded", "The maximum number of security groups is reached."));
    }
    let tags = call.new_tags("security-group", &["security-group"])?;
    let id = call.world.id("sg");
    let born = Some(call.now());
    let group = Group { id: id.clone(), name: name.clone(), description, vpc, born, ingress: BTreeSet::new() };
    let arn = group.arn(call.region());
    call.region_mut().groups.insert(id.clone(), group);
    let fields = tag_set(Fields::done().put("groupId", &id), &tags).put("securityGroupArn", arn);
    call.tag(&id, tags);
    Ok(fields)
}

const GROUP_FILTERS: &[Of<Group>] = &[
    ("group-id", |_, g| vec![g.id.clone()]),
    ("group-name", |_, g| vec![g.name.clone()]),
    ("description", |_, g| vec![g.description.clone()]),
    ("vpc-id", |_, g| vec![g.vpc.clone()]),
    ("owner-id", |_, _| vec![ACCOUNT.to_string()]),
    ("ip-permission.from-port", |_, g| g.ingress.iter().filter_map(|r| r.from).map(|p| p.to_string()).collect()),
    ("ip-permission.to-port", |_, g| g.ingress.iter().filter_map(|r| r.to).map(|p| p.to_string()).collect()),
    ("ip-permission.protocol", |_, g| g.ingress.iter().map(|r| r.protocol.clone()).collect()),
    ("ip-permission.cidr", |_, g| {
        g.ingress
            .iter()
            .filter_map(|r| if let Source::V4(cidr) = &r.source { Some(cidr.clone()) } else { None })
            .collect()
    }),
];

fn describe_security_groups(call: &mut Call<'_>) -> Answer {
    let filters = Filters::read(call.params, GROUP_FILTERS, true)?;
    let (ids, names) = (call.params.list("GroupId"), call.params.list("GroupName"));
    if call.params.text("MaxResults").is_some() && !(ids.is_empty() && names.is_empty()) {
        return Err(ApiError::combination("The parameter MaxResults cannot be used with group ids or names"));
    }
    let view = call.view();
    let seen: Vec<&Group> = view.region.groups.values().filter(|g| view.world.sees(g.born)).collect();
    if let Some(id) = ids.iter().find(|id| !seen.iter().any(|g| g.id == **id)) {
        return Err(no_group(id));
    }
    if let Some(name) = names.iter().find(|name| !seen.iter().any(|g| g.name == **name)) {
        return Err(ApiError::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist")));
    }
    let named = |g: &Group| {
        (ids.is_empty() || ids.contains(&g.id.as_str())) && (names.is_empty() || names.contains(&g.name.as_str()))
    };
    let found = seen.into_iter().filter(|g| named(g) && filters.pass(&view, GROUP_FILTERS, &g.id, *g)).collect();
    let (items, next) = page(call.params, found, 5, 1000)?;
    let items = items.into_iter().map(|g| {
        let out = Fields::new().put("ipProtocol", "-1").set("groups", []);
        let out = out.set("ipRanges", [Fields::new().put("cidrIp", "0.0.0.0/0")]).set("ipv6Ranges", []);
        let fields = Fields::new()
            .put("ownerId", ACCOUNT)
            .put("groupId", &g.id)
            .put("groupName", &g.name)
            .put("groupDescription", &g.description)
            .put("vpcId", &g.vpc)
            .put("securityGroupArn", g.arn(view.region))
            .set("ipPermissions", permissions(g))
            .set("ipPermissionsEgress", [out.set("prefixListIds", [])]);
        tag_set(fields, view.world.tags(view.region, &g.id))
    });
    Ok(Fields::new().set("securityGroupInfo", items).opt("nextToken", next))
}

/// Rules with the same protocol and ports are one permission.
fn permissions(group: &Group) -> Vec<Fields> {
    let mut kinds: Vec<(&str, Option<i32>, Option<i32>)> = Vec::new();
    for rule in &group.ingress {
        let kind = (rule.protocol.as_str(), rule.from, rule.to);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let one = |(protocol, from, to)| {
        let of = || group.ingress.iter().filter(move |r| (r.protocol.as_str(), r.from, r.to) == (protocol, from, to));
        let (mut groups, mut v4, mut v6) = (Vec::new(), Vec::new(), Vec::new());
        for rule in of() {
            let said = rule.description.as_ref();
            match &rule.source {
                Source::V4(cidr) => v4.push(Fields::new().put("cidrIp", cidr).opt("description", said)),
                Source::V6(cidr) => v6.push(Fields::new().put("cidrIpv6", cidr).opt("description", said)),
                Source::Group(id) => {
                    groups.push(Fields::new().put("userId", ACCOUNT).put("groupId", id).opt("description", said));
                }
            }
        }
        let fields = Fields::new().put("ipProtocol", protocol).opt("fromPort", from).opt("toPort", to);
        fields.set("groups", groups).set("ipRanges", v4).set("ipv6Ranges", v6).set("prefixListIds", [])
    };
    kinds.into_iter().map(one).collect()
}

/// The group that a call names.
fn target(call: &Call<'_>) -> Result<String, ApiError> {
    let region = call.region();
    let found = match (call.params.text("GroupId"), call.params.text("GroupName")) {
        (Some(id), None) => region.groups.get(id).filter(|g| call.world.sees(g.born)).ok_or_else(|| no_group(id)),
        (None, Some(name)) => {
            let named = region.groups.values().find(|g| g.name == name && call.world.sees(g.born));
            let missing = || format!("The security group '{name}' does not exist in default VPC '{}'", region.vpc);
            named.ok_or_else(|| ApiError::new("InvalidGroup.NotFound", missing()))
        }
        _ => Err(ApiError::new("MissingParameter", "The request must contain the parameter groupName or groupId")),
    };
    found.map(|group| group.id.clone())
}

fn cidr(text: &str, six: bool) -> Result<String, ApiError> {
    let wrong = || ApiError::invalid_value("CIDR", text, format!("CIDR block {text} is malformed"));
    let net: ipnet::IpNet = text.parse().map_err(|_| wrong())?;
    if matches!(net, ipnet::IpNet::V6(_)) != six {
        return Err(wrong());
    }
    // EC2 keeps the network, not the address in it.
    Ok(net.trunc().to_string())
}

/// A rule without its source.
struct Ports {
    protocol: String,
    from: Option<i32>,
    to: Option<i32>,
}

fn ports(call: &Call<'_>, prefix: &str) -> Result<Ports, ApiError> {
    let name = |end: &str| format!("{prefix}{end}");
    let protocol = match call.params.required(&name("IpProtocol"))? {
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        known @ ("tcp" | "udp" | "icmp" | "icmpv6" | "-1") => known,
        other => return Err(ApiError::invalid_value("IpProtocol", other, "Unknown protocol.")),
    };
    let (from, to) = (call.params.number(&name("FromPort"))?, call.params.number(&name("ToPort"))?);
    if matches!(protocol, "tcp" | "udp") {
        match (from, to) {
            (Some(from), Some(to)) if (0..=65_535).contains(&from) && (from..=65_535).contains(&to) => {}
            _ => return Err(ApiError::new("InvalidParameterValue", "Invalid TCP/UDP port range")),
        }
    }
    let ports = protocol != "-1";
    Ok(Ports { protocol: protocol.to_string(), from: from.filter(|_| ports), to: to.filter(|_| ports) })
}

fn sources(call: &Call<'_>, prefix: &str, region: &Region) -> Result<Vec<(Source, Option<String>)>, ApiError> {
    let p = call.params;
    let mut sources = Vec::new();
    for group in p.groups(&format!("{prefix}.IpRanges")) {
        let net = cidr(p.required(&format!("{group}.CidrIp"))?, false)?;
        sources.push((Source::V4(net), p.owned(&format!("{group}.Description"))));
    }
    for group in p.groups(&format!("{prefix}.Ipv6Ranges")) {
        let net = cidr(p.required(&format!("{group}.CidrIpv6"))?, true)?;
        sources.push((Source::V6(net), p.owned(&format!("{group}.Description"))));
    }
    for group in p.groups(&format!("{prefix}.Groups")) {
        let id = p.required(&format!("{group}.GroupId"))?;
        if !region.groups.contains_key(id) {
            return Err(no_group(id));
        }
        sources.push((Source::Group(id.to_string()), p.owned(&format!("{group}.Description"))));
    }
    Ok(sources)
}

fn authorize_security_group_ingress(call: &mut Call<'_>) -> Answer {
    let id = target(call)?;
    let mut rules = Vec::new();
    for prefix in call.params.groups("IpPermissions") {
        let Ports { protocol, from, to } = ports(call, &format!("{prefix}."))?;
        for (source, description) in sources(call, &prefix, call.region())? {
            rules.push(Rule { protocol: protocol.clone(), from, to, source, description, id: String::new() });
        }
    }
    if call.params.text("IpProtocol").is_some() || call.params.text("CidrIp").is_some() {
        if !rules.is_empty() {
            return Err(ApiError::combination("The request has rules both as IpPermissions and as parameters"));
        }
        let Ports { protocol, from, to } = ports(call, "")?;
        let source = Source::V4(cidr(call.params.required("CidrIp")?, false)?);
        rules.push(Rule { protocol, from, to, source, description: None, id: String::new() });
    }
    if rules.is_empty() {
        return Err(ApiError::missing("ipPermissions"));
    }
    let tags = call.new_tags("security-group-rule", &["security-group-rule"])?;
    let mut made = Vec::new();
    for mut rule in rules {
        let same = |other: &Rule| {
            (&other.protocol, other.from, other.to, &other.source) == (&rule.protocol, rule.from, rule.to, &rule.source)
        };
        if call.region().groups.get(&id).is_some_and(|g| g.ingress.iter().any(same)) {
            let words = "the specified rule already exists in the security group";
            return Err(ApiError::new("InvalidPermission.Duplicate", words));
        }
        rule.id = call.world.id("sgr");
        call.tag(&rule.id.clone(), tags.clone());
        let (v4, v6, of) = match &rule.source {
            Source::V4(cidr) => (Some(cidr), None, None),
            Source::V6(cidr) => (None, Some(cidr), None),
            Source::Group(id) => (None, None, Some(Fields::new().put("userId", ACCOUNT).put("groupId", id))),
        };
        let fields = Fields::new()
            .put("groupId", &id)
            .put("groupOwnerId", ACCOUNT)
            .put("isEgress", false)
            .put("ipProtocol", &rule.protocol)
            .opt("fromPort", rule.from)
            .opt("toPort", rule.to)
            .opt("cidrIpv4", v4)
            .opt("cidrIpv6", v6)
            .opt("description", rule.description.as_ref())
            .put("securityGroupRuleId", &rule.id);
        let fields = match of {
            Some(of) => fields.node("referencedGroupInfo", of),
            None => fields,
        };
        made.push(tag_set(fields, &tags));
        if let Some(group) = call.region_mut().groups.get_mut(&id) {
            group.ingress.insert(rule);
        }
    }
    Ok(Fields::done().set("securityGroupRuleSet", made))
}

fn delete_security_group(call: &mut Call<'_>) -> Answer {
    let id = target(call)?;
    let region = call.region();
    let Some(group) = region.groups.get(&id) else { return Err(no_group(&id)) };
    if group.name == "default" {
        let words = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(ApiError::new("CannotDelete", words));
    }
    let refers = |other: &&Group| other.id != id && other.ingress.iter().any(|r| r.source == Source::Group(id.clone()));
    if group.user(region).is_some() || region.groups.values().any(|g| refers(&g)) {
        return Err(ApiError::new("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    let rules: Vec<String> = group.ingress.iter().map(|rule| rule.id.clone()).collect();
    let region = call.region_mut();
    region.groups.remove(&id);
    region.tags.remove(&id);
    for rule in rules {
        region.tags.remove(&rule);
    }
    Ok(Fields::done().put("groupId", id))
}

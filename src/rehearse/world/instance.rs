//! Instances and their states.

use std::time::Duration;

use super::Region;
use super::files::Files;
use crate::rehearse::clock::Time;
use crate::rehearse::settings::Delays;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Running => "running",
            State::Stopping => "stopping",
            State::Stopped => "stopped",
            State::ShuttingDown => "shutting-down",
            State::Terminated => "terminated",
        }
    }

    pub(crate) fn code(self) -> u16 {
        match self {
            State::Pending => 0,
            State::Running => 16,
            State::ShuttingDown => 32,
            State::Terminated => 48,
            State::Stopping => 64,
            State::Stopped => 80,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) volume: String,
    pub(crate) delete: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) endpoint: String,
    pub(crate) tokens: String,
    pub(crate) hops: u32,
    pub(crate) tags: String,
}

/// Why an instance is no more, or not running.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) message: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) reservation: String,
    pub(crate) index: usize,
    pub(crate) born: Time,
    /// The last start.
    pub(crate) launched: Time,
    pub(crate) image: String,
    pub(crate) kind: String,
    pub(crate) architecture: String,
    pub(crate) virtualization: String,
    pub(crate) root_device: String,
    pub(crate) root_kind: &'static str,
    pub(crate) key: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) vpc: String,
    pub(crate) subnet: String,
    pub(crate) zone: String,
    pub(crate) interface: String,
    pub(crate) private_ip: String,
    pub(crate) wants_public_ip: bool,
    pub(crate) public_ip: Option<String>,
    pub(crate) ipv6: Option<String>,
    /// The request that it fulfils, where it is of the spot market.
    pub(crate) spot: Option<String>,
    pub(crate) state: State,
    /// When the state changes by itself, and to what.
    pub(crate) next: Option<(Time, State)>,
    pub(crate) reason: Option<Reason>,
    pub(crate) transition: String,
    pub(crate) devices: Vec<Device>,
    pub(crate) user_data: Option<String>,
    pub(crate) token: String,
    pub(crate) shutdown: String,
    pub(crate) metadata: Metadata,
    pub(crate) ebs_optimized: bool,
    pub(crate) ena: bool,
    pub(crate) sriov: bool,
    pub(crate) profile: Option<String>,
    pub(crate) tenancy: String,
    pub(crate) host: Option<String>,
    pub(crate) host_group: Option<String>,
    pub(crate) licenses: Vec<String>,
    pub(crate) monitoring: bool,
    pub(crate) credits: Option<String>,
    pub(crate) enclave: bool,
    pub(crate) reservation_preference: String,
    /// The capacity reservation that it uses: its id, or the ARN of its group.
    pub(crate) reserved: (Option<String>, Option<String>),
    pub(crate) protected: bool,
    pub(crate) stop_protected: bool,
    pub(crate) source_dest_check: bool,
    pub(crate) vcpus: u32,
    /// The last time it came up; SSH answers from then on.
    pub(crate) up: Option<Time>,
    /// Counts what cuts connections: stops and reboots.
    pub(crate) cuts: u32,
    pub(crate) files: Files,
}

impl Instance {
    pub(super) fn due(&self) -> Time {
        self.next.map_or(Time::NEVER, |(time, _)| time)
    }

    /// Whether it still counts as there.
    pub(crate) fn alive(&self) -> bool {
        self.state != State::Terminated
    }

    /// Whether its processors count for the quota.
    pub(crate) fn runs(&self) -> bool {
        matches!(self.state, State::Pending | State::Running)
    }

    pub(crate) fn private_dns(&self, region: &str) -> String {
        let name = format!("ip-{}", self.private_ip.replace('.', "-"));
        if region == "us-east-1" { format!("{name}.ec2.internal") } else { format!("{name}.{region}.compute.internal") }
    }

    pub(crate) fn public_dns(&self, region: &str) -> Option<String> {
        let name = format!("ec2-{}", self.public_ip.as_ref()?.replace('.', "-"));
        let zone = if region == "us-east-1" { "compute-1".to_string() } else { format!("{region}.compute") };
        Some(format!("{name}.{zone}.amazonaws.com"))
    }

    pub(crate) fn start(&mut self, now: Time, delay: Duration) {
        self.state = State::Pending;
        self.launched = now;
        self.next = Some((now.after(delay), State::Running));
        self.reason = None;
        self.transition.clear();
        self.up = None;
    }

    pub(crate) fn stop(&mut self, now: Time, delay: Duration, said: String) {
        self.state = State::Stopping;
        self.next = Some((now.after(delay), State::Stopped));
        self.reason = Some(user("Client.UserInitiatedShutdown"));
        self.transition = said;
        self.up = None;
        self.cuts += 1;
    }

    pub(crate) fn terminate(&mut self, now: Time, delay: Duration, reason: Reason, said: String) {
        self.state = State::ShuttingDown;
        self.next = Some((now.after(delay), State::Terminated));
        self.reason = Some(reason);
        self.transition = said;
        self.up = None;
        self.cuts += 1;
    }
}

/// A reason that the caller has brought about.
pub(crate) fn user(code: &str) -> Reason {
    Reason { code: code.to_string(), message: format!("{code}: User initiated shutdown") }
}

pub(super) fn advance(region: &mut Region, now: Time, delays: &Delays) {
    let late: Vec<String> = region.instances.values().filter(|i| i.due() <= now).map(|i| i.id.clone()).collect();
    for id in late {
        while let Some(instance) = region.instances.get_mut(&id)
            && let Some((at, state)) = instance.next
            && at <= now
        {
            if instance.state == State::Terminated {
                // No longer described.
                region.instances.remove(&id);
                region.tags.remove(&id);
                break;
            }
            instance.state = state;
            instance.next = None;
            match state {
                State::Running => {
                    instance.up = Some(at.after(delays.boot));
                    if instance.wants_public_ip {
                        let digits =
                            super::digits(&format!("{id}/{}", instance.launched.until(Time::NEVER).as_millis()));
                        let number = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or(1);
                        // Of a range that is kept for documentation and tests.
                        instance.public_ip = Some(format!("198.{}.{}.{}", 18 + number(0) % 2, number(2), number(4)));
                    }
                }
                State::Stopped => instance.public_ip = None,
                State::Terminated => {
                    instance.public_ip = None;
                    instance.next = Some((at.after(delays.forget), State::Terminated));
                    let devices = std::mem::take(&mut instance.devices);
                    for device in devices {
                        if device.delete {
                            region.volumes.remove(&device.volume);
                            region.tags.remove(&device.volume);
                        } else if let Some(volume) = region.volumes.get_mut(&device.volume) {
                            volume.attached = None;
                        }
                    }
                }
                State::Pending | State::Stopping | State::ShuttingDown => {}
            }
        }
    }
}

//! Steps that only `bakec run` knows, as the steps of Packer that come nearest: `reboot`.
//!
//! Packer cannot ask the machine since when it runs. What it can do: run the command, hold the connection until the machine takes it
//! away, wait for the machine to answer, and look whether it is ready. Neighbours: the printers write what stands in, the comment of
//! JSON keeps the step itself.

use std::borrow::Cow;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::plan::{Origin, Plan, Setting, Step, Text, Value};

/// The kind, and what it does where nothing is said.
const REBOOT: &str = "reboot";
const COMMAND: &str = "sudo shutdown -r now";
const SECOND: i64 = 1_000_000_000;
const WITHIN: i64 = 300 * SECOND;
/// Before the machine is asked again: one that goes down answers for a while yet.
const PAUSE: i64 = 10 * SECOND;
/// How a script ends that the machine ends with itself: well, or by its signals.
const ENDS: [i64; 4] = [0, 129, 137, 143];
/// So many steps stand in for one.
pub(super) const STEPS: u32 = 2;

/// Whether another step stands in for this one.
pub(super) fn is_replaced(step: &Step) -> bool {
    step.kind == REBOOT
}

/// The plan with steps that Packer knows.
pub(super) fn of(plan: &Plan) -> Cow<'_, Plan> {
    if !plan.provisioners.iter().chain(&plan.cleanups).any(is_replaced) {
        return Cow::Borrowed(plan);
    }
    let all = |step: &Step| if is_replaced(step) { reboot(step).to_vec() } else { vec![step.clone()] };
    let mut plan = plan.clone();
    plan.provisioners = plan.provisioners.iter().flat_map(all).collect();
    // Packer knows one cleanup: that it waits is of no use to anybody there.
    plan.cleanups = plan.cleanups.iter().flat_map(|step| all(step).into_iter().take(1)).collect();
    Cow::Owned(plan)
}

/// The restart, and the look at the machine afterwards.
fn reboot(step: &Step) -> [Step; STEPS as usize] {
    let given = |name: &str| step.options.iter().find(|(option, _)| option == name).map(|(_, setting)| setting);
    let at = |name: &str| given(name).map_or(step.origin, |setting| setting.origin);
    let text = |name: &str| given(name).map(|setting| setting.value.clone());
    let within = match given("restart_timeout").map(|setting| &setting.value) {
        Some(Value::Duration(time)) => *time,
        _ => WITHIN,
    };
    let seconds = within.div_euclid(SECOND).max(1);
    let command = text("restart_command").unwrap_or_else(|| line(COMMAND));
    let shell = |label: Option<SmolStr>, options: Vec<(SmolStr, Arc<Setting>)>| Step {
        kind: "shell".into(),
        label,
        builds: step.builds.clone(),
        options,
        origin: step.origin,
    };
    // The script ends with the machine; where that does not go down, it says so.
    let restart = vec![
        command,
        line(&format!("sleep {seconds} || exit 0")),
        line(&format!("echo 'the machine has not restarted within {seconds} s' >&2")),
        line("exit 1"),
    ];
    let own = ["restart_command", "restart_check_command", "restart_timeout"];
    let common = step.options.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned();
    let mut first: Vec<(SmolStr, Arc<Setting>)> = common.collect();
    first.extend([
        set("inline", Value::List(restart), at("restart_command")),
        set("expect_disconnect", Value::Bool(true), step.origin),
        set("valid_exit_codes", Value::List(ENDS.map(Value::Int).into()), step.origin),
        set("start_retry_timeout", Value::Duration(within), at("restart_timeout")),
    ]);
    let ready = match text("restart_check_command") {
        Some(check) => vec![
            line("n=0"),
            line("until"),
            check,
            line(&format!("do n=$((n + 1)); test $n -lt {seconds} || exit 1; sleep 1")),
            line("done"),
        ],
        None => vec![line("true")],
    };
    let second = vec![
        set("pause_before", Value::Duration(PAUSE), step.origin),
        set("inline", Value::List(ready), at("restart_check_command")),
        set("start_retry_timeout", Value::Duration(within), at("restart_timeout")),
    ];
    [shell(step.label.clone(), first), shell(None, second)]
}

fn line(text: &str) -> Value {
    Value::Text(Text::Plain(text.into()))
}

fn set(name: &str, value: Value, origin: Origin) -> (SmolStr, Arc<Setting>) {
    (name.into(), Arc::new(Setting { value, origin }))
}

//! Scenarios: many users, one thing that goes wrong, and how long it takes to be well again, in virtual time.

use contracts::Field;
use hubspot::engine::Input;

use crate::{
    agenda::Time,
    fault::Fault,
    plan::{MINUTE, Plan, SECOND},
    random::Random,
    tally::Tally,
    transition::Transition,
    world::World,
};

/// The longest that a part of a scenario takes.
const MAX_TIME: Time = 600 * SECOND;

/// What happened when HubSpot rejected the token for a while.
#[derive(Debug)]
pub struct TokenLost {
    /// How long the same changes take while all is well, in milliseconds.
    pub drain_ms: Time,
    /// How long they took from the return of the token, in milliseconds.
    pub recovery_ms: Time,
    /// What happened, in the run in which the token was rejected.
    pub tally: Tally,
}

/// Users, none of whom is linked yet, are changed while HubSpot rejects the token; then the token
/// is replaced.
pub fn token_lost(users: usize, rejected_for_ms: Time) -> Result<TokenLost, String> {
    let (mut well, begun_at) = delivering(users)?;
    well.change_everyone(Field::FIRST_NAME);
    let drained_at = well.run_until(begun_at + MAX_TIME, World::is_at_rest)?;

    let (mut world, begun_at) = delivering(users)?;
    world.begin(Fault::Unauthorized);
    world.change_everyone(Field::FIRST_NAME);
    let returned_at = world.run_until(begun_at + MAX_TIME + rejected_for_ms, |world| {
        world.now >= begun_at + rejected_for_ms
    })?;
    world.finish(Fault::Unauthorized);
    let worker = world.process(0);
    world.tell(worker, Input::TokenReplaced);
    let recovered_at = world.run_until(returned_at + MAX_TIME, World::is_at_rest)?;
    Ok(TokenLost {
        drain_ms: drained_at - begun_at,
        recovery_ms: recovered_at - returned_at,
        tally: world.tally,
    })
}

/// What happened in a quiet system when something was wrong with the account.
#[derive(Debug)]
pub struct AccountAtFault {
    /// How long it took from the first change that met the fault until delivery was halted, in milliseconds.
    pub halted_after_ms: Time,
    /// How often each thing happened in the schedule.
    pub tally: Tally,
}

/// A few linked users are changed while something is wrong with the account; a minute later it is well again.
pub fn quiet_account_fault(users: usize, fault: Fault) -> Result<AccountAtFault, String> {
    let (mut world, begun_at) = delivering(users)?;
    world.change_everyone(Field::FIRST_NAME);
    let linked_at = world.run_until(begun_at + MAX_TIME, World::is_at_rest)?;
    let is_of_a_property = matches!(fault, Fault::UnknownProperty | Fault::ReadOnlyProperty);
    if is_of_a_property {
        world.hubspot.begin_rule(fault, Field::FIRST_NAME);
    } else {
        world.begin(fault);
    }
    world.change_everyone(Field::FIRST_NAME);
    let halted_at = world.run_until(linked_at + MAX_TIME, World::is_halted)?;
    world.run_until(halted_at + MAX_TIME, |world| world.now >= halted_at + MINUTE)?;
    world.finish(fault);
    world.run_until(world.now + MAX_TIME, World::is_at_rest)?;
    Ok(AccountAtFault {
        halted_after_ms: halted_at - linked_at,
        tally: world.tally,
    })
}

/// A world whose only worker has begun to deliver, and when that was.
fn delivering(users: usize) -> Result<(World, Time), String> {
    let mut world = World::by(Plan::quiet(users), Random::new(0), false);
    let begun_at = world.run_until(MAX_TIME, |world| {
        world.tally.transitions.of(Transition::LeaseGained) > 0
    })?;
    Ok((world, begun_at))
}

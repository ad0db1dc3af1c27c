//! Every order of every step, or as many random ones as one asks for.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use super::setup::Setup;
use super::world::{Action, World};

/// A promise that was broken, and the steps that led there.
pub(super) struct Broken {
    promise: String,
    steps: Vec<Action>,
}

impl fmt::Debug for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}, after:", self.promise)?;
        let mut steps = self.steps.iter();
        steps.try_for_each(|step| writeln!(formatter, "  {step:?}"))
    }
}

/// Takes every step from every state that can be reached; says how many states there are.
///
/// States are remembered by 128 bits of hash: that one is taken for another has a chance of 1 in 10^25.
pub(super) fn explore(setup: &Setup) -> Result<usize, Broken> {
    let hashers = [RandomState::new(), RandomState::new()];
    let hash = |world: &World| [hashers[0].hash_one(world), hashers[1].hash_one(world)];
    let first = World::new(setup);
    let mut known = HashSet::from([hash(&first)]);
    let mut path: Vec<Action> = Vec::new();
    let mut open = vec![(first.actions(setup), first)];
    while let Some((actions, world)) = open.last_mut() {
        let Some(action) = actions.pop() else {
            open.pop();
            path.pop();
            continue;
        };
        let mut next = world.clone();
        path.push(action);
        if let Err(promise) = next.take(action, setup) {
            return Err(Broken {
                promise,
                steps: path,
            });
        }
        if known.insert(hash(&next)) {
            open.push((next.actions(setup), next));
        } else {
            path.pop();
        }
    }
    Ok(known.len())
}

/// Takes random steps until there is none, so many times, each time in a setup of its own.
pub(super) fn walk(
    seed: u64,
    walks: usize,
    setup: impl Fn(&mut fastrand::Rng) -> Setup,
) -> Result<usize, Broken> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut taken = 0;
    for _ in 0..walks {
        let setup = setup(&mut random);
        let mut world = World::new(&setup);
        let mut steps = Vec::new();
        loop {
            let actions = world.actions(&setup);
            let Some(action) = random.choice(actions) else {
                break;
            };
            steps.push(action);
            if let Err(promise) = world.take(action, &setup) {
                return Err(Broken { promise, steps });
            }
        }
        taken += steps.len();
    }
    Ok(taken)
}

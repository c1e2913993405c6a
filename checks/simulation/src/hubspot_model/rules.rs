//! Which values HubSpot rejects.

use std::collections::BTreeMap;

use contracts::{Field, Reason, Values};
use hubspot::engine::{CallError, CallErrorKind};

use super::{HubSpotModel, problem, reason, text};
use crate::{fault::Fault, random::Random};

/// Values that begin so are rejected by name.
pub(crate) const BAD: &str = "bad";
/// Values that begin so are rejected without a name.
pub(crate) const ODD: &str = "odd";

/// Names that begin so are kept in another form.
pub(crate) const FORM: &str = "Form";
/// Names that begin so are replaced.
pub(crate) const GONE: &str = "Gone";

/// What a contact keeps of a value.
pub(crate) fn kept(field: Field, value: &str) -> String {
    if field != Field::EMAIL && value.starts_with(FORM) {
        value.to_lowercase()
    } else if field != Field::EMAIL && value.starts_with(GONE) {
        "set by a workflow".to_owned()
    } else {
        value.to_owned()
    }
}

/// The code of a call that was rejected for its values.
pub(crate) const REJECTED: &str = "VALIDATION_ERROR";

impl HubSpotModel {
    /// A rule begins to hold for one field of everyone.
    pub(crate) fn begin_rule(&mut self, fault: Fault, field: Field) {
        self.rules.push((fault, field));
    }

    /// It holds no more.
    pub(crate) fn end_rule(&mut self, fault: Fault) {
        self.rules.retain(|(rule, _)| *rule != fault);
    }

    /// It is calm: no rule holds.
    pub(crate) fn end_rules(&mut self) {
        self.rules.clear();
    }

    pub(super) fn rule_for(&self, field: Field) -> Option<Fault> {
        self.rules
            .iter()
            .find(|(_, ruled)| *ruled == field)
            .map(|(rule, _)| *rule)
    }

    /// Why a value is rejected, if the answer names the property.
    fn rejection(&self, field: Field, value: &str) -> Option<(Fault, Reason)> {
        let (fault, code) = match self.rule_for(field) {
            Some(Fault::UnknownProperty) => (Fault::UnknownProperty, "PROPERTY_DOESNT_EXIST"),
            Some(Fault::ReadOnlyProperty) => (Fault::ReadOnlyProperty, "READ_ONLY_VALUE"),
            Some(_) => (Fault::AdminRule, "RULE_VIOLATION"),
            None if field == Field::EMAIL && value.starts_with(BAD) => (Fault::InvalidEmail, "INVALID_EMAIL"),
            None if value.starts_with(BAD) => (Fault::RejectedValue, "INVALID_VALUE"),
            None => return None,
        };
        Some((fault, reason(code)))
    }

    /// Checks the values of a write. Rejected values are remembered.
    pub(super) fn check_values(
        &mut self,
        values: &Values,
        random: &mut Random,
    ) -> Result<(), Box<CallError>> {
        let fields = values.iter().map(|(field, value)| (*field, text(value.as_ref())));
        let fields: Vec<(Field, &str)> = fields.collect();
        let mut named: Vec<(Field, Fault, Reason)> = Vec::new();
        for (field, value) in &fields {
            if let Some((fault, reason)) = self.rejection(*field, value) {
                named.push((*field, fault, reason));
            }
        }
        // The list of errors is not always complete.
        while named.len() > 1 && random.chance(200) {
            named.remove(random.index(named.len()));
        }
        let mut remember = |field: Field| {
            if let Some(value) = values.get(&field) {
                self.rejected[field].insert(text(value.as_ref()).to_owned());
            }
        };
        if !named.is_empty() {
            let mut fields = BTreeMap::new();
            for (field, fault, reason) in named {
                remember(field);
                self.occurred.push(fault);
                fields.insert(field, reason);
            }
            return Err(Box::new(problem(CallErrorKind::Invalid { fields }, REJECTED)));
        }
        let odd = fields.iter().find(|(_, value)| value.starts_with(ODD));
        if let Some((field, _)) = odd {
            remember(*field);
            self.occurred.push(Fault::RejectedUnnamed);
            let fields = BTreeMap::new();
            return Err(Box::new(problem(CallErrorKind::Invalid { fields }, REJECTED)));
        }
        Ok(())
    }
}

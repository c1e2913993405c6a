//! Search, with HubSpot's bounds.
//! <https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm>

use serde::Deserialize;

use super::{Account, Contact, Object, Properties, Refusal, Text, search_filter::Filter, search_sort::Sort};

const MOST_GROUPS: usize = 5;
const MOST_FILTERS_IN_GROUP: usize = 6;
const MOST_FILTERS: usize = 18;
const MOST_SORTS: usize = 1;
const MOST_PER_PAGE: usize = 200;
const MOST_RESULTS: usize = 10_000;

/// What to look for. Everything is optional, as in the examples of HubSpot's guide.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Search {
    filter_groups: Vec<Object<FilterGroup>>,
    sorts: Vec<Sort>,
    query: Option<Text>,
    pub(crate) properties: Vec<String>,
    limit: Option<usize>,
    after: Option<After>,
}

#[derive(Debug, Deserialize)]
struct FilterGroup {
    filters: Vec<Object<Filter>>,
}

/// HubSpot's guide shows the offset as a string, its older examples as a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum After {
    Text(String),
    Number(usize),
}

/// One page of what was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) total: usize,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) next: Option<usize>,
}

/// Searches the contacts as search sees them.
pub(crate) fn search(account: &Account, search: &Search) -> Result<Found, Refusal> {
    let limit = search.limit.unwrap_or(10);
    let offset = offset(search)?;
    check(search, limit, offset)?;
    let properties = &account.properties;
    let mut filters = search.filter_groups.iter().flat_map(|group| &group.0.filters);
    filters.try_for_each(|filter| filter.0.check(properties))?;
    let sort = search
        .sorts
        .first()
        .map(|sort| sort.checked(properties))
        .transpose()?;
    let mut matching = account.search_lag.seen(account.contacts());
    matching.retain(|contact| is_match(properties, search, contact));
    match sort {
        Some(sort) => sort.apply(&mut matching),
        None => matching.sort_by_key(|contact| (contact.created_at, contact.id)),
    }
    let total = matching.len();
    let contacts: Vec<Contact> = matching.into_iter().skip(offset).take(limit).cloned().collect();
    let end = offset + contacts.len();
    Ok(Found {
        total,
        contacts,
        next: (end < total).then_some(end),
    })
}

fn offset(search: &Search) -> Result<usize, Refusal> {
    match &search.after {
        None => Ok(0),
        Some(After::Number(offset)) => Ok(*offset),
        Some(After::Text(text)) if text.is_empty() => Ok(0),
        Some(After::Text(text)) => text
            .parse()
            .map_err(|_| refusal(format!("Invalid paging offset '{text}'."))),
    }
}

fn check(search: &Search, limit: usize, offset: usize) -> Result<(), Refusal> {
    let filters = |group: &Object<FilterGroup>| group.0.filters.len();
    let total: usize = search.filter_groups.iter().map(filters).sum();
    if search.filter_groups.len() > MOST_GROUPS {
        return Err(refusal(format!(
            "The maximum number of filter groups is {MOST_GROUPS}."
        )));
    }
    if search
        .filter_groups
        .iter()
        .any(|group| filters(group) > MOST_FILTERS_IN_GROUP)
        || total > MOST_FILTERS
    {
        return Err(refusal(format!(
            "The maximum number of filters is {MOST_FILTERS_IN_GROUP} in a group and {MOST_FILTERS} in all."
        )));
    }
    if search.sorts.len() > MOST_SORTS {
        return Err(refusal(format!("The maximum number of sorts is {MOST_SORTS}.")));
    }
    if limit > MOST_PER_PAGE {
        return Err(refusal(format!("The maximum page size is {MOST_PER_PAGE}.")));
    }
    if offset.saturating_add(limit) > MOST_RESULTS {
        return Err(refusal(format!(
            "Paging through search stops at {MOST_RESULTS} results."
        )));
    }
    Ok(())
}

fn refusal(message: String) -> Refusal {
    Refusal::Search(message)
}

/// Groups are alternatives, the filters of a group must all hold.
fn is_match(properties: &Properties, search: &Search, contact: &Contact) -> bool {
    let holds = |filter: &Object<Filter>| filter.0.matches(properties, contact);
    let group_matches = |group: &Object<FilterGroup>| group.0.filters.iter().all(holds);
    let in_groups = search.filter_groups.is_empty() || search.filter_groups.iter().any(group_matches);
    in_groups
        && search
            .query
            .as_ref()
            .is_none_or(|query| matches_query(contact, &query.0))
}

/// Free text sees all addresses of a contact, unlike a filter on `email`.
fn matches_query(contact: &Contact, query: &str) -> bool {
    const SEARCHED: [&str; 6] = [
        "firstname",
        "lastname",
        "email",
        "phone",
        "company",
        "hs_additional_emails",
    ];
    let texts: Vec<String> = SEARCHED
        .iter()
        .filter_map(|name| contact.value(name))
        .map(|text| text.to_lowercase())
        .collect();
    query
        .to_lowercase()
        .split_whitespace()
        .all(|word| texts.iter().any(|text| text.contains(word)))
}

//! Request in, Response out: routes, cookies, problem details, pages.

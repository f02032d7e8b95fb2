// Where phases come from: the check_phase calls of kong/pdk/*.lua in 3.9.1, joined with what 2.8.5 allows and with the
// functions that runloop/plugin_servers/plugin.lua answers from saved data in the log phase. A method without a phase check
// is allowed everywhere, or where its documentation says.

extension PhaseSet {
    /// `PHASES.request`: everything that has an HTTP request. Kong runs no plugin server in its other phases.
    static let request: PhaseSet = [.rewrite, .access, .response, .log]
    /// The same without `log`, which Kong runs for plugin servers from a timer. What reads nginx's variables raises an error
    /// there ("API disabled in the current context", seen on 3.9.1 whatever check_phase says), and worse: after it Kong
    /// leaves this request's saved data to the coroutine, where a later request's plugin may read it. So it is refused here.
    static let requestAlive: PhaseSet = [.rewrite, .access, .response]
    static let alive: PhaseSet = .all.subtracting(.log)
    /// The same without `certificate`, in which nginx has no variables yet, whatever the documentation says: what reads them
    /// raises an error ("API disabled in the current context", seen on 2.8.5, 3.4.2 and 3.9.1), and with it the client's
    /// handshake fails.
    static let connected: PhaseSet = .alive.subtracting(.certificate)
    /// `AUTH_AND_LATER`, `ROUTER_PHASES`. In `log` from Kong 3.0 on: Kong 2 gives its timer no `ngx.ctx`, so that check_phase
    /// itself raises an error there, for whatever is not answered from saved data.
    static let routed: PhaseSet = [.access, .response, .log]
    /// `header_body_log`.
    static let answered: PhaseSet = [.response, .log]
    /// `rewrite_access_header`, `before_content`.
    static let answering: PhaseSet = [.rewrite, .access, .response]
    /// `access_and_rewrite`, `access_rewrite_balancer`.
    static let proxying: PhaseSet = [.rewrite, .access]
    /// `access_and_rewrite_and_balancer_preread` without `rewrite`: what changes the balancer's data raises an error there,
    /// for Kong makes them when it has found the route. Its documentation names `access` alone.
    static let balanced: PhaseSet = [.access, .preread]
    /// Phases in which Kong runs no plugin server: body_filter, client_hello.
    static let none: PhaseSet = []
}

// What of kong_pdk.h does not come from the catalogue.

extension HeaderGenerator {
    static let top = """
        /*
         * kong_pdk.h: Kong's PDK for plugins in C, and in any language that can call C.
         *
         *     kong->service_request->set_header(kong, "x-a", "b");
         *
         * Made by `swift-pluginserver generate-header` from the server's catalogue: do not change it by hand.
         *
         * How to read this file
         *
         *   Each function is Kong's, with its name and its parameters in Kong's order; what Kong returns comes through the
         *   pointers at the end. It returns KONG_OK, or a kong_status that says why not; `kong->error(kong)` has it in words.
         *
         *   Functions without a result are not waited for: they check their arguments, are queued in order, and leave for
         *   Kong at the latest when the handler waits for a result or returns. If Kong refuses such a call, the event fails.
         *   Functions with a result send what is queued, then themselves, and wait for Kong. They can be called in the
         *   handlers of blocking plugins only, which plugins made with KONG_PLUGIN are: on an event loop they return
         *   KONG_WRONG_THREAD.
         *
         *   Texts end with a NUL. What an argument points to is borrowed until the function returns. What a result points to
         *   is the host's, and valid until the event is over; each string in it is followed by a NUL that its size does not
         *   count. Results are left as they are when the status is not KONG_OK.
         *
         *   A kong_pdk is valid while its handler runs, on its thread. Used after that it answers with KONG_EVENT_OVER, and
         *   on another thread with KONG_WRONG_THREAD.
         *
         *   Kong's Lua loses what comes after a nil. So what is left out must be at the end, but for the body of
         *   response->exit and the message of response->error, which are sent empty, and the consumer of
         *   client->authenticate: KONG_BAD_ARGUMENT.
         *
         * Structs begin with their size, and only grow at their end: look at the size before you touch a member that came
         * after ABI 1.1, which is the first that has this header.
         */
        #ifndef KONG_PDK_H
        #define KONG_PDK_H

        #include "kong_define.h"

        #ifdef __cplusplus
        extern "C" {
        #endif

        /* An optional number that is left to Kong. */
        #define KONG_DEFAULT INT64_MIN

        /* ------------------------------------------------------------------------------------------------
         * Kong's entities. A string that is missing has no data, a number is 0, and a pointer NULL.
         */

        """

    static let groupsHeading = """

        /* ------------------------------------------------------------------------------------------------
         * The functions
         */

        """

    static var object: String {
        var text = """

            /* ------------------------------------------------------------------------------------------------
             * Kong, as a handler sees it
             */
            struct kong_pdk {
                uint32_t size;    /* of this struct, in the host's version of this header */
                kong_phase phase; /* that is being handled */
                kong_event event; /* for the functions of the host */
                const kong_host *host;

                /* Why the last function of this header that failed on this thread did; valid until the next one fails. */
                kong_string (*error)(const kong_pdk *kong);

                /* Waits until Kong has done all that is queued. */
                kong_status (*flush)(const kong_pdk *kong);


            """
        for (group, methods) in groups {
            text += "    const kong_pdk_\(group) *\(group); /* \(title(of: group, methods)) */\n"
        }
        return text + "};\n"
    }

    static let bottom = """

        #ifdef __cplusplus
        }
        #endif

        #endif /* KONG_PDK_H */

        """
}

"""The attacks that the portal is to stand, each with the tests that show that it does.

The left side says what comes in, the right side where it is tried: `file::test`, the file without
`tests/`. A test that is renamed or deleted without its row being looked at fails here.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent

TABLE: dict[str, tuple[str, ...]] = {
    "1 every route without a session, or without the right": (
        "web/test_guards.py::test_every_route_asks_for_a_permission_or_is_public_on_purpose",
        "web/test_guards.py::test_a_stranger_is_sent_to_the_sign_in_page",
        "web/test_guards.py::test_a_stranger_with_htmx_gets_401_and_the_way_to_sign_in",
        "web/test_guards.py::test_each_role_is_refused_what_it_may_not_do",
        "attacks/test_strangers.py::test_what_a_role_may_not_do_is_refused_and_logged",
        "attacks/test_strangers.py::test_what_is_no_token_opens_nothing",
        "api/test_tokens.py::test_every_endpoint_refuses_a_token_without_its_scope",
        "api/test_tokens.py::test_a_session_cookie_opens_nothing_in_the_api",
        "webhooks/test_screens.py::test_only_administrators_see_webhooks",
    ),
    "2 a form without its token, a change by GET": (
        "web/test_guards.py::test_a_post_without_a_valid_token_changes_nothing",
        "web/test_guards.py::test_what_changes_something_cannot_be_got_by_a_link",
        "web/test_guards.py::test_every_form_that_posts_carries_the_token",
    ),
    "3 an id that does not exist or is no number": (
        "web/test_guards.py::test_an_id_that_does_not_exist_is_not_found",
        "web/test_guards.py::test_an_id_that_is_no_number_is_not_found",
        "api/test_registers.py::test_what_does_not_exist_is_a_problem_too",
    ),
    "4 extra form fields": (
        "attacks/test_fields.py::test_fields_that_a_form_does_not_have_are_ignored",
        "attacks/test_strangers.py::test_a_body_that_is_no_client_is_refused_and_makes_none",
    ),
    "5 eleven wrong passwords": (
        "users/test_limits.py::"
        "test_the_eleventh_wrong_password_for_an_account_waits_wherever_it_comes_from",
        "users/test_limits.py::"
        "test_the_eleventh_wrong_password_from_an_address_waits_whatever_the_header_says",
        "users/test_limits.py::test_processes_count_together_and_a_restart_forgets_nothing",
        "api/test_tokens.py::test_wrong_tokens_from_one_address_are_limited",
    ),
    "6 a known and an unknown user": (
        "users/test_sign_in.py::test_every_wrong_pair_gets_the_same_answer",
        "users/test_service.py::"
        "test_known_and_unknown_people_cost_one_hash_outside_any_transaction",
        "users/test_passwords.py::test_the_stand_in_for_nobody_costs_as_much_as_todays_hashes",
        "users/test_sessions.py::test_the_sign_in_page_does_not_say_who_exists",
    ),
    "7 a next page on another site": (
        "users/test_sign_in.py::test_sign_in_never_leads_to_another_site",
        "web/test_frame.py::test_only_paths_of_this_site_are_local",
    ),
    "8 a session after sign-in, sign-out, another password": (
        "users/test_sign_in.py::test_the_session_starts_anew_at_sign_in",
        "users/test_sign_in.py::test_a_copied_cookie_dies_with_the_sign_out",
        "users/test_sign_in.py::test_a_changed_password_ends_the_other_sessions_and_keeps_this_one",
        "users/test_sessions.py::test_one_ends_one_session_and_its_copied_cookie",
        "users/test_sessions.py::test_nobody_ends_the_session_of_another_by_its_id",
        "users/test_sessions.py::test_the_link_sets_a_password_once_and_ends_every_session",
    ),
    "9 no secret key in production, a default password": (
        "attacks/test_strangers.py::test_production_does_not_start_without_a_secret",
        "attacks/test_strangers.py::test_production_does_not_start_without_encryption_keys",
        "users/test_service.py::test_the_first_admin_is_made_once_with_a_random_password",
    ),
    "10 a huge password, two that share 72 bytes": (
        "users/test_passwords.py::test_a_weak_or_huge_password_is_refused_by_name_of_the_field",
        "users/test_passwords.py::test_two_passwords_that_share_their_first_72_bytes_are_different",
    ),
    "11 <script> in every text": (
        "attacks/test_markup.py::test_markup_in_any_text_is_shown_as_text_on_every_page",
        "web/test_guards.py::test_what_people_wrote_is_shown_as_text_on_every_page",
        "web/test_guards.py::test_no_page_has_inline_script_or_style_or_what_needs_eval",
        "smtp_screens/test_pages.py::"
        "test_a_failure_shows_cause_cure_and_the_reply_escaped_and_stops_polling",
    ),
    "12 markup and links in the message and its preview": (
        "smtp/test_message.py::test_what_could_act_or_load_is_dropped",
        "smtp/test_message.py::test_links_lead_only_where_a_person_sees",
        "smtp_screens/test_message_page.py::test_hostile_markup_is_cleaned_in_the_frame",
        "web/test_guards.py::test_a_framed_message_is_locked_in_its_frame",
        "attacks/test_markup.py::test_markup_in_a_framed_message_stays_locked_in_or_goes",
    ),
    "13 template languages, unknown variables": (
        "smtp_screens/test_message_page.py::test_template_languages_are_literal_text",
        "smtp/test_variables.py::test_an_unknown_variable_is_refused_with_the_nearest_name",
        "smtp/test_variables.py::test_an_attribute_of_a_variable_is_refused_with_its_place",
    ),
    "14 format strings": (
        "smtp/test_rendering.py::test_other_template_languages_and_unknown_names_stay_literal",
        "smtp/test_rendering.py::test_a_value_that_looks_like_a_variable_is_not_replaced_again",
        "smtp/test_causes.py::test_braces_in_a_host_are_shown_and_not_read",
    ),
    "15 100,000 variables, five megabytes": (
        "smtp/test_variables.py::test_limits_are_told_and_nothing_else_is_looked_at",
        "smtp/test_variables.py::test_hostile_bodies_are_judged_quickly",
        "smtp/test_rendering.py::test_what_would_grow_without_end_is_refused",
        "smtp_screens/test_message_page.py::test_five_megabytes_are_refused",
    ),
    "16 line breaks in names, odd characters in subjects": (
        "smtp/test_message.py::test_a_header_stays_one_header",
        "smtp/test_message.py::test_any_sender_name_arrives_as_it_is",
        "smtp/test_message.py::test_no_text_breaks_the_message",
        "smtp/test_rendering.py::test_the_subject_is_one_short_line",
        "clients/test_service.py::test_line_breaks_and_control_characters_never_reach_a_name",
    ),
    "17 commands and lists in e-mail addresses": (
        "core/test_emails.py::test_no_text_yields_an_address_that_could_break_a_header",
        "core/test_emails.py::test_recipients_are_split_lowered_and_named_once",
        "smtp/test_mailboxes.py::test_anything_else_is_refused",
        "smtp/test_transport.py::test_an_address_that_is_none_never_reaches_the_server",
    ),
    "18 the name of an attachment": (
        "smtp/test_message.py::test_attachment_names_are_safe",
        "inbox/test_message.py::test_a_file_name_is_made_safe",
        "attacks/test_strangers.py::test_the_name_of_a_file_holds_nothing_of_a_header",
    ),
    "19 a lone dot, bare line feeds": (
        "smtp/test_transport.py::test_dot_stuffing",
        "smtp/test_transport.py::test_leading_dots_and_all_line_ends_arrive_as_they_were_meant",
    ),
    "20 addresses inside the network": (
        "smtp/test_addresses.py::test_the_inside_of_the_network_is_refused",
        "smtp/test_addresses.py::test_of_mixed_answers_only_the_permitted_addresses_are_used",
        "smtp/test_transport.py::test_only_the_checked_address_is_connected_to",
        "smtp_screens/test_accounts.py::"
        "test_private_addresses_need_the_permission_of_the_installation",
        "smtp/test_oauth.py::test_addresses_that_may_not_be_reached_are_refused_unasked",
        "bounces/test_mailbox.py::"
        "test_the_inside_of_the_network_and_other_services_are_out_of_reach",
        "webhooks/test_destinations.py::test_the_inside_of_a_network_is_never_called",
        "webhooks/test_destinations.py::test_a_name_that_leads_inside_is_refused_when_it_is_called",
        "webhooks/test_sender.py::test_a_redirect_is_not_followed",
        "attacks/test_strangers.py::test_a_name_is_asked_for_once_and_that_address_is_called",
    ),
    "21 other ports": (
        "smtp/test_addresses.py::test_other_ports_of_public_servers_are_refused",
        "smtp/test_addresses.py::test_a_host_that_is_none_is_refused_with_its_cure",
        "bounces/test_mailbox.py::test_ports_of_imap_stay_closed_to_sending",
    ),
    "22 a server that never ends": (
        "smtp/test_transport_faults.py::test_endless_replies_end_with_a_limit",
        "smtp/test_transport_faults.py::"
        "test_a_reply_that_drips_one_byte_at_a_time_ends_with_its_time",
        "smtp/test_replies.py::test_what_a_server_says_is_shown_printable_and_bounded",
        "webhooks/test_sender.py::test_an_answer_that_never_ends_is_cut_off",
        "bounces/test_parse.py::test_only_the_beginning_of_a_huge_mail_is_read",
    ),
    "23 bad certificates, STARTTLS taken out": (
        "smtp/test_tls.py::test_a_bad_certificate_stops_the_account_before_the_password",
        "smtp/test_tls.py::test_a_stripped_starttls_stops_the_account_and_nothing_goes_in_clear",
        "smtp/test_tls.py::test_login_in_clear_is_only_for_allowed_private_networks",
        "bounces/test_mailbox.py::test_a_server_without_starttls_gets_no_password",
    ),
    "24 where the password must not be": (
        "attacks/test_secrets.py::test_a_password_is_in_no_page_log_trail_file_queue_or_column",
        "smtp/test_login.py::test_a_server_that_echoes_the_password_does_not_make_us_show_it",
        "smtp_screens/test_accounts.py::test_the_password_is_kept_as_ciphertext_bound_to_its_row",
        "operations_tools/test_backup.py::test_keys_are_in_it_only_when_asked_for",
        "webhooks/test_screens.py::test_a_secret_is_shown_once_and_kept_sealed_to_its_row",
    ),
    "25 the test button 100 times": (
        "smtp_screens/test_pages.py::test_the_eleventh_test_of_an_hour_is_429_and_says_when",
        "smtp_screens/test_tests.py::test_ten_tests_an_hour_then_the_hour_is_named",
    ),
    "26 what a PDF would fetch": ("boletos/test_untrusted.py::test_the_engine_fetches_nothing",),
    "27 markup on a boleto": (
        "boletos/test_untrusted.py::test_markup_is_printed_as_text",
        "boletos/test_untrusted.py::test_any_text_can_be_stamped",
    ),
    "28 formulas in exports": (
        "attacks/test_markup.py::test_no_file_holds_a_formula",
        "core/test_csv_writer.py::test_what_a_spreadsheet_would_run_becomes_text",
    ),
    "29 files that are no list": (
        "attacks/test_fuzz_imports.py::test_a_file_goes_in_as_told_or_not_at_all",
        "attacks/test_fuzz_imports.py::test_a_list_of_e_mails_is_read_or_refused",
        "attacks/test_fuzz_imports.py::"
        "test_what_is_no_list_is_refused_in_words_and_nothing_goes_in",
        "core/test_csv_reader.py::test_a_file_over_the_size_limit_is_refused_unread",
        "core/test_csv_reader.py::test_wrong_quotes_refuse_the_file_and_name_line_and_column",
        "clients/test_import_pages.py::test_a_file_over_20_mb_is_refused",
        "clients/test_import.py::test_a_failure_in_the_middle_leaves_nothing_behind",
    ),
    "30 amounts": (
        "web/test_forms.py::test_what_is_no_amount_is_refused_and_shown_again",
        "web/test_forms.py::test_money_is_read_as_people_write_it",
        "attacks/test_fuzz_forms.py::test_no_form_breaks_and_what_is_refused_changes_nothing",
    ),
    "31 days that do not exist": (
        "contracts/test_schedule.py::"
        "test_the_due_date_stays_in_the_month_on_the_day_or_the_last_one",
        "contracts/test_schedule.py::test_due_dates_outside_the_calendar_are_refused",
        "boletos/test_vectors.py::test_published_factors",
    ),
    "32 documents": (
        "core/test_documents.py::test_wrong_documents_are_refused",
        "core/test_documents.py::"
        "test_every_cnpj_with_right_digits_passes_and_with_a_wrong_one_fails",
        "settings/test_settings.py::test_an_alphanumeric_cnpj_is_accepted",
    ),
    "33 nosso número used up": (
        "generation/test_service.py::"
        "test_a_used_up_nosso_numero_is_a_clear_error_and_nothing_is_half_done",
        "generation/test_service.py::test_numbers_come_from_the_wallets_row_and_never_twice",
    ),
    "34 quotes and patterns in searches": (
        "attacks/test_fields.py::test_quotes_in_any_argument_are_bound",
        "attacks/test_fields.py::test_signs_of_a_pattern_are_letters_in_every_search",
        "web/test_guards.py::test_no_page_breaks_on_odd_arguments",
    ),
    "35 NUL, broken UTF-8, huge headers": (
        "web/test_intake.py::test_broken_or_huge_addresses_are_refused",
        "web/test_intake.py::test_broken_text_in_a_form_is_refused",
        "web/test_intake.py::test_huge_headers_are_refused",
        "attacks/test_fuzz_forms.py::test_no_form_breaks_and_what_is_refused_changes_nothing",
        "attacks/test_strangers.py::test_a_body_that_is_no_client_is_refused_and_makes_none",
        "api/test_document.py::test_no_request_that_the_document_brings_to_mind_is_a_500",
    ),
    "36 control characters in the log": (
        "web/test_logs.py::test_control_characters_are_written_as_letters",
        "web/test_logs.py::test_a_stack_cannot_forge_a_line_either",
        "operations_tools/test_log_lines.py::test_json_is_one_object_a_line_whatever_it_holds",
    ),
    "37 metrics and health for a stranger": (
        "attacks/test_strangers.py::test_a_stranger_learns_of_no_client",
        "operations_tools/test_metrics.py::test_a_stranger_learns_nothing_of_clients",
    ),
    "38 stack traces": (
        "web/test_problems.py::test_even_a_debugging_application_shows_no_stack",
        "web/test_problems.py::test_the_stack_is_in_the_log_under_the_id_of_the_page",
        "users/test_cli.py::test_failures_are_sentences",
    ),
    "39 editing the trail or a sent e-mail": (
        "core/test_migrations.py::test_audit_events_can_be_neither_changed_nor_deleted",
        "core/test_migrations.py::test_delivery_attempts_cannot_be_changed",
        "core/test_upgrade.py::test_an_upgrade_keeps_every_row_and_every_rule_and_every_page_opens",
        "deliveries_screens/test_message.py::test_a_sent_message_cannot_be_edited_or_deleted",
        "users/test_service.py::test_an_event_cannot_be_changed_through_the_session_either",
    ),
    "40 the same form sent again": (
        "generation_screens/test_run.py::test_double_click_reload_and_back_are_one_run",
        "issuance/test_sending.py::test_the_same_form_sent_again_sends_nothing_twice",
        "receivables/test_views.py::test_an_open_title_is_settled_once",
        "clients/test_import_pages.py::test_confirming_again_changes_nothing_and_shows_the_result",
        "api/test_idempotency.py::test_two_at_once_are_done_once",
    ),
    "41 another host": (
        "web/test_security_headers.py::test_another_host_name_is_refused_whatever_the_page",
        "inbox/test_page.py::test_another_name_for_this_machine_is_refused",
    ),
    "42 archives that unpack to more, or elsewhere": (
        "attacks/test_strangers.py::test_a_part_that_unpacks_without_end_is_not_read_into_memory",
        "attacks/test_strangers.py::test_a_manifest_that_unpacks_without_end_is_not_read",
        "attacks/test_strangers.py::test_names_in_an_archive_never_become_files",
        "operations_tools/test_backup.py::test_a_bit_that_turned_is_found_or_does_no_harm",
    ),
}


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse((TESTS / path).read_text())
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(node.name for node in found if node.name.startswith("test_"))


def test_no_row_is_missing():
    assert [int(row.split()[0]) for row in TABLE] == list(range(1, len(TABLE) + 1))
    assert len(TABLE) >= 41


@pytest.mark.parametrize("row", TABLE)
def test_every_row_is_shown_by_tests_that_exist(row):
    assert TABLE[row]
    for name in TABLE[row]:
        path, _, test = name.partition("::")
        assert test in names_in(path), name

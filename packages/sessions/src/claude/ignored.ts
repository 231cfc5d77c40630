import type { SkipReason } from "../normalised.ts";

/**
 * Records that are no part of the conversation, and why. A type that is in none of these lists and that we cannot read
 * is shown as `unknown`: Claude Code adds types with every version, and none is dropped because we do not know it.
 */

/** Rows of a session file that keep the program's own state. */
export const STATE_TYPES: ReadonlyMap<string, SkipReason> = new Map<string, SkipReason>([
  ["queue-operation", "queue"],
  ["file-history-snapshot", "file-history"],
  ["file-history-delta", "file-history"],
  ["progress", "progress"],
  ["api-request", "request-log"],
  ["api-request-shape", "request-log"],
  ["api-request-blob", "request-log"],
  ["agent-name", "name-of-agent"],
  ["agent-color", "state"],
  ["agent-setting", "state"],
  ["last-prompt", "state"],
  ["atis-latch", "state"],
  ["tools-used", "state"],
  ["mode", "state"],
  ["permission-mode", "state"],
  ["cost-state", "state"],
  ["tag", "state"],
  ["relocated", "state"],
  ["pr-link", "state"],
  ["worktree-state", "state"],
  ["content-replacement", "state"],
  ["fork-context-ref", "state"],
  ["derived-from", "state"],
  ["attribution-snapshot", "state"],
  ["speculation-accept", "state"],
  ["marble-origami-commit", "state"],
  ["marble-origami-snapshot", "state"],
]);

/** Messages of the SDK's stream that tell of the moment and are never in a file. */
export const LIVE_TYPES: ReadonlyMap<string, SkipReason> = new Map<string, SkipReason>([
  ["result", "live-outcome"],
  ["command_lifecycle", "live-status"],
  ["tool_progress", "live-status"],
  ["tool_use_summary", "live-status"],
  ["auth_status", "live-status"],
  ["rate_limit_event", "live-status"],
  ["prompt_suggestion", "live-status"],
  ["keep_alive", "live-status"],
  ["control_request", "live-status"],
  ["control_response", "live-status"],
  ["control_cancel_request", "live-status"],
  ["conversation_reset", "live-status"],
]);

export const SYSTEM_SUBTYPES: ReadonlyMap<string, SkipReason> = new Map<string, SkipReason>([
  ["status", "live-status"],
  ["thinking_tokens", "live-status"],
  ["session_state_changed", "live-status"],
  ["ui_invalidate", "live-status"],
  ["background_tasks_changed", "live-status"],
  ["task_started", "live-status"],
  ["task_progress", "live-status"],
  ["task_updated", "live-status"],
  ["task_summary", "live-status"],
  ["task_notification", "live-status"],
  ["turn_starting", "live-status"],
  ["shell_cwd", "live-status"],
  ["vcs_state_changed", "live-status"],
  ["files_persisted", "live-status"],
  ["mirror_error", "live-status"],
  ["commands_changed", "live-status"],
  ["elicitation_complete", "live-status"],
  ["permission_denied", "told-by-result"],
  ["hook_started", "hook"],
  ["hook_progress", "hook"],
  ["hook_response", "hook"],
]);

/** Attachments that bring the model context which nobody typed. */
export const CONTEXT_ATTACHMENTS: ReadonlySet<string> = new Set(
  `
  account_memory_recall advisor_stripped advisor_tool agent_ask_notice agent_listing_delta agent_mention
  already_read_file async_hook_response auto_mode auto_mode_exit budget_usd command_permissions
  compact_file_reference compaction_reminder context_efficiency context_sections coordinator_context
  cowork_memory_context critical_system_reminder current_session_memory date date_change deferred_tools_delta
  deferred_tools_record diagnostics directory dynamic_skill edited_image_file edited_text_file environment file
  hook_additional_context hook_cancelled hook_deferred_tool hook_permission_decision hook_success image
  instruction_files_not_loaded instructions invoked_skills mcp_instructions_delta mcp_resource message_pdf_reads
  model nested_memory new_directory new_file opened_file_in_ide output_style output_token_usage pdf_reference
  plan_file_reference plan_mode plan_mode_exit plan_mode_reentry plugin_note poll_events project_doc_reads
  prompt_as_file prompt_snapshot read_truncation_notice relevant_memories remote_session_change secondary_reminder
  secondary_reminder_sent selected_lines_in_ide session_context session_cron_carry silent_turn_reminder
  skill_discovery skill_listing structured_output task_reminder task_status team_context teammate_mailbox
  thinking_stripped todo todo_reminder token_usage tool_host_result_lines tool_hosts_notice tool_offer_record
  tool_results_cut total_tokens_reminder ultra_effort_enter ultra_effort_exit ultrathink_effort
  verify_plan_reminder workflow_size_guideline_change
`
    .trim()
    .split(/\s+/),
);

/** Attachments about hooks that a person should see, when they say something. */
export const NOTICE_ATTACHMENTS: ReadonlySet<string> = new Set([
  "hook_system_message",
  "hook_blocking_error",
  "hook_non_blocking_error",
  "hook_stopped_continuation",
  "hook_error_during_execution",
  "max_turns_reached",
]);

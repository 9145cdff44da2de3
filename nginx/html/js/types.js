/* The shapes that the API sends, as far as the client reads them: app/openapi.json says more. */

/**
 * @typedef {{id: string, email: string, name: string, role: 'user' | 'admin', created_at: string}} User
 *
 * @typedef {object} Agent
 * @property {string} id
 * @property {string} user_id
 * @property {string} name
 * @property {string} description
 * @property {'extractive' | 'chat_completions' | 'responses'} kind
 * @property {string | null} endpoint_url
 * @property {string | null} model
 * @property {boolean} has_credential
 * @property {string | null} instructions
 * @property {number | null} temperature
 * @property {number | null} max_output_tokens
 * @property {number} history_limit
 * @property {'private' | 'workspace' | 'public'} visibility
 * @property {string[]} starter_questions
 * @property {string | null} embeddings_url
 * @property {string | null} embeddings_model
 * @property {boolean} has_embeddings_credential
 * @property {'key' | 'databricks_oauth'} auth
 * @property {string | null} client_id
 * @property {boolean} return_trace
 * @property {string | null} mlflow_url
 * @property {'message' | 'model'} titles
 * @property {Tool[] | null} tools null but for its owner
 *
 * @typedef {object} Tool what the model may call
 * @property {'http' | 'mcp' | 'search_sources'} type
 * @property {string | null} name
 * @property {string | null} description
 * @property {string | null} url
 * @property {object | null} parameters JSON Schema of its arguments
 * @property {boolean} has_credential
 *
 * @typedef {object} Chat
 * @property {string} id
 * @property {string | null} agent_id
 * @property {string} title
 * @property {string} preview
 * @property {boolean} unread
 * @property {boolean} pinned
 * @property {boolean} archived
 * @property {{id: string, status: 'queued' | 'streaming'} | null} active_request
 * @property {string} created_at
 * @property {string} active_at
 * @property {string | null} deleted_at
 *
 * @typedef {'in_progress' | 'completed' | 'failed' | 'cancelled'} MessageStatus
 *
 * @typedef {object} Passage
 * @property {number} [n] as the text counts it: [n]
 * @property {string} [title]
 * @property {string} [heading]
 * @property {string} [snippet]
 * @property {string} [text]
 * @property {string} [url]
 * @property {string} [page_id]
 * @property {number} [score]
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} chat_id
 * @property {'system' | 'user' | 'assistant'} role
 * @property {MessageStatus} status
 * @property {string} content
 * @property {string | null} request_id
 * @property {string | null} trace_id
 * @property {object | null} trace_summary
 * @property {{type: string, name: string | null, at: number}[]} steps besides text, of an answer that has ended; at: characters of its text before
 * @property {string | null} finish_reason
 * @property {Passage[] | null} sources
 * @property {string | null} parent_id
 * @property {string[]} siblings
 * @property {{rating: 'up' | 'down', comment: string | null} | null} feedback
 * @property {string} created_at
 *
 * @typedef {object} Request
 * @property {string} id
 * @property {string} chat_id
 * @property {string} message_id
 * @property {'queued' | 'streaming' | 'completed' | 'failed' | 'cancelled'} status
 * @property {string | null} partial_content
 * @property {string | null} final_response
 * @property {number} sequence_number
 * @property {number} attempt
 * @property {number} max_attempts
 * @property {string | null} next_attempt_at
 * @property {{code?: string, message?: string} | null} error
 * @property {string | null} finish_reason
 * @property {Passage[] | null} sources
 * @property {string | null} trace_id
 * @property {number} position
 *
 * @typedef {{request_id: string, chat_id: string, message_id: string}} Accepted
 */

/**
 * @template T
 * @typedef {{data: T[], next_cursor: string | null}} Page
 */

export {};

/** Every scope of the Management API (spec/management-api.md §1.10), by what it lets do. */
const RESOURCES = {
  create: `
    actions agents authentication_methods client_credentials client_grants client_keys clients connection_profiles connections
    connections_keys current_user_device_credentials current_user_metadata custom_domains custom_signing_keys device_credentials
    directory_provisionings email_provider email_templates encryption_keys event_streams experimentation flows
    flows_vault_connections forms group_roles guardian_enrollment_tickets hooks log_streams network_acl_keys network_acls
    organization_client_grants organization_clients organization_connections organization_discovery_domains organization_group_roles
    organization_invitations organization_member_roles organization_members organizations phone_providers phone_templates
    rate_limit_policies resource_servers role_members roles rules scim_config scim_token self_service_profiles shields signing_keys
    sso_access_tickets token_exchange_profiles user_attribute_profiles user_custom_blocks user_tickets users users_app_metadata
    vdcs_templates`,
  read: `
    actions agents anomaly_blocks attack_protection authentication_methods branding client_credentials client_grants client_keys
    client_summary clients connection_profiles connections connections_keys connections_options current_user custom_domains
    custom_signing_keys device_credentials directory_provisionings email_provider email_templates encryption_keys event_deliveries
    event_streams events experimentation flows flows_executions flows_vault_connections forms grants group_members group_roles
    groups guardian_enrollments guardian_factors hooks insights log_streams logs logs_users mfa_policies network_acl_keys
    network_acls organization_client_grants organization_clients organization_connections organization_discovery_domains
    organization_group_roles organization_groups organization_invitations organization_member_effective_roles
    organization_member_role_source_groups organization_member_roles organization_members organizations organizations_summary
    phone_providers phone_templates prompts rate_limit_policies refresh_tokens resource_servers role_members roles rules
    rules_configs scim_config scim_token self_service_profile_custom_texts self_service_profiles sessions shields signing_keys stats
    tenant_settings token_exchange_profiles triggers user_attribute_profiles user_custom_blocks user_effective_permissions
    user_effective_roles user_idp_tokens user_permission_source_roles user_role_source_groups users users_app_metadata
    vdcs_templates`,
  update: `
    actions agents attack_protection authentication_methods branding client_credentials client_grants client_keys
    client_token_vault_privileged_access clients connection_profiles connections connections_keys connections_options
    current_user_identities current_user_metadata custom_domains custom_signing_keys device_credentials directory_provisionings
    email_provider email_templates encryption_keys event_deliveries event_streams experimentation flows flows_vault_connections
    forms guardian_factors hooks log_streams mfa_policies network_acls organization_clients organization_connections
    organization_discovery_domains organizations phone_providers phone_templates prompts rate_limit_policies refresh_tokens
    resource_servers roles rules rules_configs scim_config self_service_profile_custom_texts self_service_profiles sessions shields
    signing_keys tenant_settings token_exchange_profiles triggers user_attribute_profiles users users_app_metadata vdcs_templates`,
  delete: `
    actions agents anomaly_blocks authentication_methods branding client_credentials client_grants client_keys clients
    connection_profiles connections current_user current_user_device_credentials current_user_metadata custom_domains
    custom_signing_keys device_credentials directory_provisionings email_provider encryption_keys event_streams experimentation
    flows flows_executions flows_vault_connections forms grants group_roles groups guardian_enrollments hooks log_streams
    network_acl_keys network_acls organization_client_grants organization_clients organization_connections
    organization_discovery_domains organization_group_roles organization_invitations organization_member_roles organization_members
    organizations phone_providers phone_templates rate_limit_policies refresh_tokens resource_servers role_members roles rules
    rules_configs scim_config scim_token self_service_profiles sessions shields sso_access_tickets token_exchange_profiles
    user_attribute_profiles user_custom_blocks users users_app_metadata vdcs_templates`,
} as const

/** `read:users` and the like, in the order of the specification. */
export const MANAGEMENT_SCOPES: readonly string[] = [
  ...Object.entries(RESOURCES).flatMap(([verb, resources]) =>
    resources
      .trim()
      .split(/\s+/)
      .map((resource) => `${verb}:${resource}`),
  ),
  'blacklist:tokens',
  // A page of Auth0's documentation has it in the singular.
  'update:session',
]

import { ManagementError } from '../../http/management-error.js'

export const absentUser = (): ManagementError => new ManagementError(404, 'The user does not exist.', 'inexistent_user')
export const tooManyRoles = (): ManagementError => new ManagementError(400, 'No more roles can be assigned to this user.', 'operation_not_supported')
export const tooManyPermissions = (): ManagementError =>
  new ManagementError(400, 'No more permissions can be assigned to this user.', 'operation_not_supported')

class ApplicationController < ActionController::Base
  def choose
    # ruleid: tenant-context-from-request-ruby
    ActsAsTenant.current_tenant = Account.find(params[:account_id])
    # ruleid: tenant-context-from-request-ruby
    set_current_tenant(Account.find_by(subdomain: params[:account]))
    # ok: tenant-context-from-request-ruby
    ActsAsTenant.current_tenant = current_user.accounts.find(params[:account_id])
    # ok: tenant-context-from-request-ruby
    ActsAsTenant.current_tenant = current_user.account
  end
end

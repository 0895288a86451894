class BoatsController < ApplicationController
  def index
    # ruleid: connection-opened-in-controller-ruby
    connection = PG.connect(url)
    connection.exec("SELECT 1")
  end
end

class Setup
  def open
    # ok: connection-opened-in-controller-ruby
    PG.connect(url)
  end
end

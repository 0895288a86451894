CREATE TABLE dbo.Tenants (TenantId uniqueidentifier NOT NULL CONSTRAINT PK_T PRIMARY KEY CLUSTERED, Name nvarchar(100) NOT NULL);
CREATE TABLE dbo.Halls (Id int IDENTITY(1,1) NOT NULL, TenantId uniqueidentifier NOT NULL, Seats int NULL, CONSTRAINT PK_H PRIMARY KEY (Id), CONSTRAINT FK_H FOREIGN KEY (TenantId) REFERENCES dbo.Tenants (TenantId));
CREATE TABLE dbo.Shows (Id int IDENTITY(1,1) NOT NULL PRIMARY KEY, TenantId uniqueidentifier NOT NULL REFERENCES dbo.Tenants (TenantId), HallId int NOT NULL REFERENCES dbo.Halls (Id), StartsAt datetime2 NOT NULL, Price money);
CREATE TABLE dbo.Tickets (Id bigint IDENTITY NOT NULL PRIMARY KEY, ShowId int NOT NULL REFERENCES dbo.Shows (Id), Seat int, Buyer nvarchar(50));
